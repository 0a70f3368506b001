"""Scores: shares of the ceiling and the entries of `summary.json`."""

import numpy as np
import pytest

from dynax.evaluation.metrics import ValidTime
from dynax.evaluation.scores import ceiling_share, score, score_summary, share_text
from dynax.evaluation.speed import Speed
from dynax.evaluation.tables import score_table

SPEED = Speed(3600.0, 5300.0, 256, 2)


@pytest.mark.parametrize(
    ("share", "is_bound", "text"),
    [
        (0.5, False, "50%"),
        (0.5, True, "< 50%"),
        (1.13 / 8, True, "< 15%"),
        (0.03 / 8, True, "< 1%"),
        (1.0, False, "100%"),
    ],
)
def test_a_bound_on_a_share_is_rounded_up(share, is_bound, text):
    assert share_text(share, is_bound) == text


@pytest.mark.parametrize(("ceiling", "share"), [(10.0, 0.5), (0.0, 500.0)])
def test_a_share_is_relative_to_the_ceiling_or_at_least_one_step(ceiling, share):
    valid = [ValidTime(0.1, median, 0.0, False) for median in (5.0, ceiling)]
    assert ceiling_share(*valid, dt=0.01) == share


@pytest.fixture(scope="module")
def scores(cart_pole, trajectories):
    """Return scores of a perfect prediction (the ceiling), which exceeds the test, and of an inaccurate one."""
    truth = trajectories["cart_pole"].states
    predicted = truth + np.linspace(0, 1, truth.shape[1])[:, None]
    std = np.ones(4)
    return {
        "model": score(cart_pole.space, truth, predicted, std),
        "ceiling": score(cart_pole.space, truth, truth, std),
    }


def test_a_share_is_a_bound_if_the_ceiling_exceeds_the_length_of_the_test(scores, cart_pole):
    model, ceiling = score_table("title", [], scores, cart_pole.dt, SPEED).rows
    assert model[3].startswith("< ")
    assert ceiling[3] == "100%"


def test_the_summary_contains_every_horizon_and_coordinate(scores, cart_pole):
    summary = score_summary(scores["model"], scores["ceiling"], cart_pole.space)
    assert list(summary["nrmse"]) == ["1", "10"]
    assert summary["nrmse"]["10"] == scores["model"].nrmse[10]
    assert [list(x) for x in summary["rmse"].values()] == [["1", "10"]] * 4
    assert list(summary["vpt"]) == ["0.1", "0.4"]
    assert summary["vpt"]["0.1"]["of_ceiling"] == summary["vpt"]["0.1"]["median_s"] / (40 * cart_pole.dt)
