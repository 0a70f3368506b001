"""Tests of chunked evaluation: the result does not depend on the chunks."""

import jax
import numpy as np
import pytest

from dynax.math import chunks
from dynax.math.chunks import map_in_chunks


@pytest.mark.parametrize("count", [1, 4, 5, 11])
def test_chunks_have_one_shape_and_the_result_is_that_of_all_rows(count, monkeypatch):
    monkeypatch.setattr(chunks, "MAX_ROWS", 4)
    shapes = set()

    def program(rows):
        shapes.add(rows.shape)
        return {"twice": 2 * rows, "first": rows[:, 0] > 5}

    rows = np.arange(3.0 * count).reshape(count, 3)
    result = map_in_chunks(program, rows)
    np.testing.assert_array_equal(result["twice"], 2 * rows)
    np.testing.assert_array_equal(result["first"], rows[:, 0] > 5)
    assert shapes == {(min(4, count), 3)}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_result_has_the_precision_of_the_input(dtype):
    assert map_in_chunks(jax.jit(lambda x: x / 3), np.ones((2, 1), dtype)).dtype == dtype
