"""The commands themselves, as processes: from nothing to a picture, and the wrong input only they can know."""

import json

import pytest
from command_line import CommandLine

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """`dynax` with the real commands, in one folder for all tests of this module."""
    line = CommandLine(tmp_path_factory.mktemp("real"))
    return lambda *args: line(*args, real=True)


@pytest.fixture(scope="module")
def run(real):
    ran = real("train", "env=cart_pole", "training=smoke")
    assert ran.code == 0, ran.err
    [path] = ran.paths
    return path


def summary_of(path):
    return json.loads((path / "summary.json").read_text())


def test_train_leaves_a_finished_run(run):
    assert summary_of(run)["command"] == "train"
    assert (run / ".hydra" / "config.yaml").exists()


def test_collect_prints_the_dataset_that_train_has_used(real, run):
    ran = real("collect", "env=cart_pole", "collect.num_rollouts=12", "collect.rollout_length=40")
    assert ran.code == 0, ran.err
    [path] = ran.paths
    assert path == run.parents[2] / "datasets" / path.name
    assert str(path) == summary_of(run)["dataset"]


@pytest.mark.parametrize("command", ["eval", "render"])
def test_eval_and_render_take_what_train_printed(real, run, command):
    ran = real(command, f"run={run}", f"{command}=smoke")
    assert ran.code == 0, ran.err
    [path] = ran.paths
    assert path.parent == run.parents[2] / command / "cart_pole-mlp"
    assert summary_of(path)["command"] == command


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("train +model.foo=1", "unknown key model.foo"),
        ("eval run={other}", "run={other} "),
        ("train env=pendulum dataset={dataset}", "{dataset} is of the robot cart_pole, not of pendulum"),
        ("train training.resume={run} model=resnet", "training.resume={run} "),
    ],
)
def test_wrong_input(real, run, words, message):
    folder = run.parents[3]
    names = {"run": run, "other": folder / "outputs", "dataset": summary_of(run)["dataset"]}
    runs = set(folder.glob("outputs/*/*/*"))
    ran = real(*words.format(**names).split())
    assert (ran.code, ran.out) == (2, ""), ran.err
    assert message.format(**names) in ran.err
    assert len(ran.err.splitlines()) <= 4
    assert set(folder.glob("outputs/*/*/*")) == runs
