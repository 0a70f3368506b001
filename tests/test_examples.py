"""Run each example with little data, and require that its predictions are useful.

With these settings, the examples reach twice the required valid prediction times and less than a third of the errors.
A prediction with constant velocity, which needs no learning, misses each bound by a factor of five or more.
"""

import re
import runpy
import sys
from pathlib import Path

import pytest
from PIL import Image

EXAMPLES = Path(__file__).parents[1] / "examples"
LITTLE_DATA = ("--num-rollouts=20", "--num-epochs=60")


@pytest.fixture
def example(monkeypatch, capsys, tmp_path):
    """Return a function that runs an example as a script in an empty folder and returns the lines that it prints."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(EXAMPLES)  # as Python does for a script

    def run(name, *args):
        monkeypatch.setattr(sys, "argv", [name, *args])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out.splitlines()

    return run


def numbers(text):
    """Return the numbers of a printed text, such as `2` and `0.1` of `2 s, 0.1 rad`."""
    return [float(number) for number in re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?:e[-+]\d+)?", text)]


def test_every_example_has_a_test():
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert {path.stem for path in EXAMPLES.glob("*.py")} <= tested


@pytest.mark.slow
def test_train_pendulum(example):
    errors, valid = example("train_pendulum.py", *LITTLE_DATA)
    time, error, *_ = numbers(errors)
    assert time == 0.02
    assert error < 3e-5  # rad; with constant velocity 5e-3 rad
    assert numbers(valid.partition(":")[2])[0] > 1  # s; with constant velocity 0.06 s


@pytest.mark.slow
def test_train_cart_pole(example, tmp_path):
    *valid, clip = example("train_cart_pole.py", "--num-rollouts=20", "--num-epochs=10", "--clip=clip.gif")
    medians = {line.partition(":")[0]: numbers(line.partition(":")[2])[0] for line in valid}
    assert medians["VPT(0.1)"] > 1.1  # s; with constant velocity 0.06 s
    assert medians["VPT(0.4)"] > 1.8  # s; with constant velocity 0.24 s
    assert clip.endswith("clip.gif")
    with Image.open(tmp_path / "clip.gif") as gif:
        assert gif.n_frames in (200, 201)  # 8 s at 25 frames per second; equal frames at the end are merged


@pytest.mark.slow
def test_custom_model(example):
    errors = {line.partition(":")[0]: numbers(line)[-1] for line in example("custom_model.py", *LITTLE_DATA)}
    assert errors["sin/cos, delta"] < 0.1  # rad after 1 s; with constant velocity 0.6 rad
    assert errors["raw angles, delta"] < 1


@pytest.mark.slow
def test_control_loop(example):
    planning, upright = example("control_loop.py", "--num-rollouts=20", "--seconds=6")
    assert "ms" in planning
    assert numbers(upright)[0] > 1, upright  # s


@pytest.mark.slow
def test_tune(example, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(EXAMPLES.parent))
    arguments = "--trials=1", "env=pendulum", "training=smoke"
    first, _ = example("tune.py", *arguments)
    second, best = example("tune.py", *arguments)
    assert first.startswith("trial 0:")
    assert second.startswith("trial 1:")
    assert numbers(best)[1] == max(numbers(first)[1], numbers(second)[1])


@pytest.mark.slow
def test_train_policy(example):
    pytest.importorskip("stable_baselines3")
    _, model, mujoco = example("train_policy.py", "--num-rollouts=20", "--steps=8192", "--seconds=1")
    assert numbers(mujoco)[0] == pytest.approx(numbers(model)[0], rel=0.05)


@pytest.mark.slow
def test_trajectory_optimization(example):
    for line in example("trajectory_optimization.py", "--num-rollouts=20", "--steps=32"):
        in_model, steps, in_mujoco = numbers(line)
        assert in_model > 0.5 * steps  # without actions the pole hangs, and the return is almost zero
        assert in_mujoco == pytest.approx(in_model, abs=0.05 * steps)
