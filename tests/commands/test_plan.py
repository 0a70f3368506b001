"""`dynax plan`: its files, its summary, plugins, and wrong input."""

import json
import re
from pathlib import Path

import pytest
from in_process import without_log
from PIL import Image

REPOSITORY = Path(__file__).parents[2]
QUICK = ("plan.backend=software", "plan.compare=[random]")
RESULT = {"return_mean", "return_std", "returns", "successes", "planning_median_s", "planning_p95_s"}


def rejection(finished):
    """Return the message of a command line that was rejected in one line."""
    assert (finished.code, finished.out) == (2, "")
    lines = [line for line in without_log(finished.err) if not line.startswith("dynax: using ")]
    [message] = lines
    return message


def test_plan(workshop, documented):
    run = workshop.trained("pendulum", "mlp")
    finished = workshop.line("plan", f"run={run}", "task=swing_up", "plan.backend=software")
    path = finished.path
    assert path.parent == workshop.folder / "outputs" / "plan" / "pendulum-mlp"
    assert {file.name for file in path.iterdir()} == {
        ".hydra", "dynax.log", "summary.json", "return.png", "episode.gif",
    }  # fmt: skip
    summary = json.loads((path / "summary.json").read_text())
    assert set(summary) == documented["plan"]
    assert (summary["task"], summary["planner"], summary["episodes"]) == ("swing_up", "cem", 2)
    assert set(summary["results"]) == {"model", "mujoco", "random"}
    assert all(set(result) == RESULT for result in summary["results"].values())
    assert summary["planner_options"]["samples"] == 32  # small, because the training was
    assert "using plan=smoke" in finished.err
    assert "random actions" in finished.err
    with Image.open(path / "episode.gif") as clip:
        assert clip.size == (160, 90)


@pytest.mark.slow
def test_plan_with_a_history_and_another_planner(workshop):
    run = workshop.trained("cart_pole", "transformer")
    weights = "task.weights={hinge: 1, hinge velocity: 0.05}"
    words = ("task=quadratic", weights, "task.target={hinge: 3.14159}", "planner=icem")
    path = workshop.line("plan", f"run={run}", *words, *QUICK).path
    summary = json.loads((path / "summary.json").read_text())
    assert summary["task_options"]["weights"] == {"hinge": 1, "hinge velocity": 0.05}
    assert summary["results"]["model"]["return_mean"] < 0


@pytest.mark.slow
def test_the_task_of_the_documentation(workshop):
    page = (REPOSITORY / "docs" / "control.md").read_text()
    code = re.findall(r"```python\n(# spin.py\n.*?)```", page, re.DOTALL)[0]
    (workshop.folder / "spin.py").write_text(code)
    run = workshop.trained("cart_pole", "lagrangian")
    words = ("task=spin", "plugins=[spin.py]", "task.rate=5", "planner=mppi")
    path = workshop.line("plan", f"run={run}", *words, *QUICK).path
    summary = json.loads((path / "summary.json").read_text())
    assert summary["task_options"] == {"name": "spin", "seconds": 10.0, "hold": 1.0, "rate": 5}


@pytest.mark.slow
def test_an_option_of_the_clip_is_checked_before_the_episodes(dynax, workshop, monkeypatch):
    run = workshop.trained("pendulum", "mlp")
    monkeypatch.setattr("dynax.control.comparison.run_episode", None)
    message = rejection(dynax("plan", f"run={run}", "task=swing_up", "plan.camera=sid"))
    assert message == "dynax: plan.camera=sid does not exist (did you mean `side`?); the cameras are side"
    monkeypatch.setattr("dynax.control.predictors.mjx.unsupported_reason", lambda env: "it has a flag")
    message = rejection(dynax("plan", f"run={run}", "task=swing_up", "plan.compare=[mujoco,mjx]"))
    assert message == "dynax: plan.compare=mjx cannot simulate pendulum: it has a flag"
    monkeypatch.setattr("dynax.evaluation.testset.TestSource.read", None)
    message = rejection(dynax("render", f"run={run}", "render.camera=sid"))
    assert message == "dynax: render.camera=sid does not exist (did you mean `side`?); the cameras are side"
    assert not dynax.made()


@pytest.mark.slow
def test_wrong_input(dynax, workshop):
    run = workshop.trained("pendulum", "mlp")
    assert rejection(dynax("plan", f"run={run}")) == "dynax: task=<value> is required"
    assert "run=nowhere: the directory does not exist" in rejection(dynax("plan", "run=nowhere", "task=reach"))
    message = rejection(dynax("plan", f"run={run}", "task=reach"))
    assert message.startswith("dynax: task.name=reach does not fit the robot pendulum: it has no body `hand`")
    message = rejection(dynax("plan", f"run={run}", "task=quadratic"))
    assert message == "dynax: task.weights={} must contain a coordinate, such as weights={hinge: 1.0}"
    message = rejection(dynax("plan", f"run={run}", "task=quadratic", "task.weights={hing: 1}"))
    assert message.startswith("dynax: task.weights has no coordinate `hing` (did you mean `hinge`?)")
    message = rejection(dynax("plan", f"run={run}", "task=swing_up", "planner.samples=1"))
    assert message == "dynax: planner.samples=1 is out of range: it must be at least 2 and at most 10000000"
    message = rejection(dynax("plan", f"run={run}", "task=swing_up", "plan.episodes=0"))
    assert message.startswith("dynax: plan.episodes=0 is out of range")
    message = rejection(dynax("plan", f"run={run}", "task=swing_up", "planner.samples=9999999", "planner.horizon=9999"))
    assert message.startswith("dynax: a plan with 9,999,999 candidates of 499,950 control steps needs about ")
    assert not dynax.made()


@pytest.mark.slow
def test_wrong_input_as_a_process(dynax, workshop):
    finished = dynax.process("plan", f"run={workshop.trained('pendulum', 'mlp')}", "task=swingup")
    assert (finished.code, finished.out) == (2, "")
    assert "task=swingup does not exist (did you mean `swing_up`?)" in finished.err
    assert not dynax.made()
