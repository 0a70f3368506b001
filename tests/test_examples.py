"""The examples, each in small."""

import re
import runpy
import sys
from pathlib import Path

import pytest
from PIL import Image

EXAMPLES = Path(__file__).parents[1] / "examples"
pytestmark = pytest.mark.slow


@pytest.fixture
def example(monkeypatch, capsys, tmp_path):
    """Runs an example as a script in an empty folder; returns the lines it prints."""
    monkeypatch.chdir(tmp_path)

    def run(name, *args):
        monkeypatch.setattr(sys, "argv", [name, *args])
        runpy.run_path(str(EXAMPLES / name), run_name="__main__")
        return capsys.readouterr().out.splitlines()

    return run


def numbers(line):
    return [float(number) for number in re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?:e[-+]\d+)?", line)]


def test_every_example_is_tested():
    assert {path.name for path in EXAMPLES.glob("*.py")} == {
        "custom_model.py",
        "train_cart_pole.py",
        "train_pendulum.py",
    }


def test_train_pendulum(example):
    errors, valid = example("train_pendulum.py", "--num-rollouts=10", "--num-epochs=10")
    step, after_step, second, after_second, _, _ = numbers(errors)
    assert (step, second) == (0.02, 1.0)
    assert 0 < after_step < 0.02 < after_second < 3.2
    assert 0 < numbers(valid.partition(":")[2])[0] <= 2


def test_train_cart_pole(example, tmp_path):
    *valid, clip = example("train_cart_pole.py", "--num-rollouts=10", "--num-epochs=2", "--clip=clip.gif")
    assert [line.partition(":")[0] for line in valid] == ["VPT(0.1)", "VPT(0.4)"]
    for line in valid:
        median, tenth = numbers(line.partition(":")[2])
        assert 0 < tenth <= median <= 8
    assert clip == "prediction over the truth: clip.gif"
    with Image.open(tmp_path / "clip.gif") as gif:
        assert gif.n_frames > 100


def test_custom_model(example):
    lines = example("custom_model.py", "--num-rollouts=10", "--num-epochs=10")
    assert [line.partition(":")[0] for line in lines] == ["raw angles, delta", "sin/cos, delta"]
    for line in lines:
        assert 0 < numbers(line)[-1] < 3.2
