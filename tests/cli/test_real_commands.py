"""The real commands as processes: from an empty folder to a clip."""

import json
from contextlib import closing

import pytest
from command_line import CommandLine

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """`dynax` with the real commands, in one folder for all tests of this module."""
    with closing(CommandLine(tmp_path_factory.mktemp("real"))) as line:
        yield lambda *args: line(*args, real=True)


@pytest.fixture(scope="module")
def run(real):
    finished = real("train", "env=cart_pole", "training=smoke", "training.optimizer=adam", "model.hidden_dims=[16]")
    assert finished.code == 0, finished.err
    [path] = finished.paths
    return path


def summary_of(path):
    return json.loads((path / "summary.json").read_text())


def test_train_writes_a_run(run):
    assert summary_of(run)["command"] == "train"
    assert (run / ".hydra" / "config.yaml").exists()


def test_collect_prints_the_dataset_that_train_has_used(real, run):
    finished = real("collect", "env=cart_pole", "collect.num_rollouts=12", "collect.rollout_length=40")
    assert finished.code == 0, finished.err
    [path] = finished.paths
    assert path == run.parents[2] / "datasets" / path.name
    assert str(path) == summary_of(run)["dataset"]


def test_eval_of_a_smoke_run_is_small(real, run):
    finished = real("eval", f"run={run}")
    assert finished.code == 0, finished.err
    assert "dynax: using eval=smoke, because " in finished.err
    [path] = finished.paths
    assert path.parent == run.parents[2] / "eval" / "cart_pole-mlp"
    summary = summary_of(path)
    assert summary["command"] == "eval"
    assert summary["seconds"] <= 2


def test_wrong_input_that_only_the_command_can_find(real, run):
    folder = run.parents[3]
    runs = set(folder.glob("outputs/*/*/*"))
    finished = real("train", "env=pendulum", f"dataset={summary_of(run)['dataset']}")
    assert (finished.code, finished.out) == (2, ""), finished.err
    assert "cart_pole" in finished.err
    assert "pendulum" in finished.err
    assert len(finished.err.splitlines()) <= 4
    assert set(folder.glob("outputs/*/*/*")) == runs
