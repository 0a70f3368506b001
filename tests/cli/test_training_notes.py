"""The note of the progress bar after an epoch of `dynax train`."""

import pytest

from dynax.cli.training.epoch_loop import note_of
from dynax.training import EpochMetrics


@pytest.mark.parametrize(("rate", "text"), [(9_400.0, "9,400"), (12_400.0, "12k"), (3_456_000.0, "3,456k")])
def test_the_note_contains_the_metrics_at_any_speed(rate, text):
    note = note_of(EpochMetrics(3, 0.0123, 0.456, 1.5), rate)
    assert note == f"loss 1.2e-02, val nRMSE 0.46, VPT(0.1) 1.50 s, {text} transitions/s"
