"""The first step above a threshold."""

import numpy as np

from dynax.math.first_passage import first_passage


def test_first_passage_is_one_past_the_end_if_the_threshold_is_never_exceeded():
    error = np.array([[0.0, 0.2, 0.0], [0.0, 0.0, 0.0], [0.3, 0.0, 0.0]])
    assert first_passage(error, 0.1).tolist() == [1, 3, 0]


def test_nan_exceeds_the_threshold():
    assert first_passage(np.array([[0, np.nan, 0]]), 0.5).tolist() == [1]
