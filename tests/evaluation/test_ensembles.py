"""The uncertainty of an ensemble in an evaluation: the table, the plot and the summary."""

import numpy as np
import pytest
from PIL import Image
from small_models import calibrated_ensemble

from dynax.config.schema import EvalConfig
from dynax.evaluation import ensembles, evaluate
from dynax.trained import TrainedModel

CONFIG = EvalConfig(num_trajectories=6, seconds=1.0, seed=3, warmup=5)


@pytest.fixture(scope="module")
def trained(robots, trajectories):
    """Return an ensemble without training, calibrated."""
    return calibrated_ensemble(robots["cart_pole"], trajectories["cart_pole"])


@pytest.fixture(scope="module")
def evaluation(trained):
    return evaluate(trained, CONFIG)


def test_the_evaluation_of_an_ensemble_has_its_reliability(trained, evaluation, tmp_path):
    assert evaluation.reliability.steps[0] == 1
    assert max(evaluation.reliability.steps) <= trained.calibration.knot_steps[-1]
    table = evaluation.tables()[-1]
    assert table.title == "Uncertainty of the ensemble"
    assert [len(row) for row in table.rows] == [len(table.columns)] * len(evaluation.reliability.steps)
    assert "Trust horizon: " in table.caption
    assert evaluation.summary()["uncertainty"] == evaluation.reliability.summary()
    evaluation.save_plots(tmp_path)
    with Image.open(tmp_path / "reliability.png") as image:
        assert image.size[0] > 600


def test_blocks_of_trajectories_do_not_influence_the_result(trained, evaluation, monkeypatch):
    monkeypatch.setattr(ensembles, "BLOCK", 4)
    again = evaluate(trained, CONFIG).reliability
    for name in ("raw_coverage", "coverage", "relative_width", "rank_correlation"):
        np.testing.assert_allclose(getattr(again, name), getattr(evaluation.reliability, name), rtol=1e-3)


def test_a_single_model_has_none(trained):
    single = TrainedModel(trained.model, trained.params)
    assert evaluate(single, CONFIG).summary()["uncertainty"] is None
