"""The uncertainty of an ensemble through the command line."""

import json

import pytest

import dynax as api


@pytest.mark.slow
def test_an_ensemble_is_calibrated_by_the_training_and_tested_by_the_evaluation(dynax):
    run = dynax.smoke("env=pendulum", "model.ensemble_size=2").path
    trained = api.load(run)
    assert trained.calibration is not None
    assert (run / "calibration.json").exists()
    finished = dynax("eval", f"run={run}", "eval=smoke")
    assert "Uncertainty of the ensemble" in finished.err
    assert (finished.path / "reliability.png").exists()
    uncertainty = json.loads((finished.path / "summary.json").read_text())["uncertainty"]
    assert set(uncertainty) == {
        "steps", "raw_coverage", "coverage", "relative_width", "rank_correlation", "trust_horizon"
    }  # fmt: skip
    (run / "calibration.json").write_text("{}")
    damaged = dynax("eval", f"run={run}", "eval=smoke")
    assert damaged.code == 2
    assert f"the run {run} is damaged" in damaged.err
