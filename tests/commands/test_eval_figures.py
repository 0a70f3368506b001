"""`dynax eval` and `evaluate` give the same results."""

import json

import pytest

import dynax
from dynax.config.schema import EvalConfig
from dynax.evaluation import evaluate


@pytest.mark.slow
def test_the_command_and_python_give_the_same_results(workshop):
    run = workshop.trained("pendulum", "mlp")
    ran = workshop.line("eval", f"run={run}", "eval=smoke")
    summary = json.loads((ran.path / "summary.json").read_text())
    config = EvalConfig(
        num_trajectories=summary["trajectories"],
        seconds=summary["seconds"],
        seed=summary["eval_seed"],
        actions=summary["actions"],
    )
    evaluation = evaluate(dynax.load(run), config)
    expected = json.loads(json.dumps(evaluation.summary()))
    assert expected.pop("speed").keys() == summary["speed"].keys()
    assert {key: summary[key] for key in expected} == expected
    assert summary["trained_run"] == str(run)
    for table in evaluation.tables():
        assert table.title in ran.err
    assert {"horizon.png", "trajectories.png"} <= {file.name for file in ran.path.iterdir()}
