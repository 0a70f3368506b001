"""`training.resume=<run>` continues in the run's directory and keeps its files."""

import pytest


@pytest.fixture
def run(tmp_path):
    """A run that was killed early."""
    run = tmp_path / "outputs" / "train" / "cart_pole-mlp" / "killed"
    (run / ".hydra").mkdir(parents=True)
    (run / "checkpoints" / "epoch-00001").mkdir(parents=True)
    (run / ".hydra" / "config.yaml").write_text("env: {name: cart_pole}\nmodel: {architecture: mlp}\n")
    (run / ".hydra" / "overrides.yaml").write_text("[]\n")
    (run / "dynax.log").write_text("an earlier line\n")
    return run


def files_of(folder):
    return {file.name: file.read_text() for file in folder.iterdir() if file.is_file()}


def test_a_run_is_continued_in_place(dynax, tmp_path, run):
    before = files_of(run / ".hydra")
    finished = dynax("train", f"training.resume={run.relative_to(tmp_path)}", "training.seed=1", acts={1: "noise"})
    assert finished.paths == [run]
    assert files_of(run / ".hydra") == before
    assert "training.seed=1" in (run / ".hydra" / "resumed" / "overrides.yaml").read_text()
    first, second = (run / "dynax.log").read_text().splitlines()
    assert first == "an earlier line"
    assert second.endswith("a log line")
    assert list((tmp_path / "outputs" / "train").rglob("summary.json")) == [run / "summary.json"]


@pytest.mark.slow
def test_wrong_input_does_not_change_the_run(dynax, run):
    before = files_of(run / ".hydra")
    assert dynax("train", f"training.resume={run}", "training.seed=1", acts={1: "wrong"}).code == 2
    assert files_of(run / ".hydra") == before
    assert sorted(path.name for path in (run / ".hydra").iterdir()) == ["config.yaml", "overrides.yaml"]
    assert (run / "dynax.log").read_text() == "an earlier line\n"


@pytest.mark.slow
def test_a_sweep_continues_runs_in_place(dynax, run):
    finished = dynax("train", "-m", f"training.resume={run}", "training.num_epochs=70,80")
    assert finished.paths == [run, run]
