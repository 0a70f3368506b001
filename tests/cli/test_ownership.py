"""One process writes to a run, and no process writes over, or removes, another run."""

import os

import pytest
from command_line import wait_for_jobs
from filelock import FileLock


@pytest.fixture
def run(tmp_path):
    """A finished training."""
    run = tmp_path / "run"
    (run / ".hydra").mkdir(parents=True)
    (run / "checkpoints" / "epoch-00001").mkdir(parents=True)
    (run / ".hydra" / "config.yaml").write_text("env: {}\n")
    (run / "summary.json").write_text("{}")
    (run / ".lock").touch()
    return run


def content(folder):
    return {path.relative_to(folder): path.is_file() and path.read_text() for path in folder.rglob("*")}


@pytest.mark.parametrize("words", ["train", "collect", "eval run=run", "render run=run", "train training.seed=-1"])
def test_a_run_is_not_written_over(in_process, tmp_path, run, words):
    before = content(tmp_path)
    finished = in_process(*words.split(), "hydra.run.dir=run")
    assert (finished.code, finished.out) == (2, "")
    advice = "choose another hydra.run.dir, or continue the run with training.resume="
    assert finished.err.startswith(f"dynax: {run} already contains a run (.hydra, checkpoints, summary.json): {advice}")
    assert content(tmp_path) == before


@pytest.mark.slow
@pytest.mark.parametrize("words", ["train -m training.seed=0,1 hydra.sweep.subdir=.", "train hydra.output_subdir=x"])
def test_hydra_does_not_write_over_a_run(in_process, tmp_path, run, words):
    before = content(run)
    assert in_process(*words.split(), "hydra.sweep.dir=run", "hydra.run.dir=run").code == 2
    assert content(run) == before


def test_messages_of_libraries_do_not_occupy_the_directory(in_process, tmp_path):
    """A library writes a message before the directory belongs to the job."""
    finished = in_process("eval", "hydra.verbose=true", "run=missing")
    assert (finished.code, finished.err.splitlines()[-1]) == (2, "dynax: run=missing: the directory does not exist")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_an_existing_directory_is_not_removed(in_process, tmp_path):
    (tmp_path / "mine").mkdir()
    assert in_process("train", "training.seed=-1", "hydra.run.dir=mine").code == 2
    assert list((tmp_path / "mine").iterdir()) == []
    assert in_process("train", "training.seed=-1", "hydra.run.dir=mine/new/run").code == 2
    assert list((tmp_path / "mine").iterdir()) == []


def test_files_of_the_user_remain(in_process, tmp_path):
    (tmp_path / "notes.txt").touch()
    assert in_process("train", "training.seed=-1", "hydra.run.dir=.").code == 2
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_a_run_continues_in_its_own_directory(in_process, tmp_path, run):
    before = content(tmp_path)
    finished = in_process("train", "training.resume=run", "hydra.run.dir=other")
    message = "dynax: training.resume=run continues in its own directory: remove hydra.run.dir="
    assert (finished.code, finished.err.startswith(message)) == (2, True)
    assert content(tmp_path) == before


@pytest.mark.parametrize("name", ["metrics.jsonl", "checkpoints/epoch-00002", ".hydra/resumed", "dynax.log"])
def test_a_run_with_links_is_not_continued(in_process, tmp_path, run, name):
    (run / name).symlink_to(tmp_path / "target")
    before = content(run)
    finished = in_process("train", f"training.resume={run}")
    assert (finished.code, "is a link or a device" in finished.err) == (2, True)
    assert not (tmp_path / "target").exists()
    assert content(run) == before


def test_a_link_in_place_of_the_lock_is_not_followed(in_process, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / ".lock").symlink_to(tmp_path / "target")
    assert in_process("train", "hydra.run.dir=mine").code == 2
    assert not (tmp_path / "target").exists()


def test_a_pipe_in_a_run_is_not_opened(in_process, run):
    os.mkfifo(run / "metrics.jsonl")
    assert in_process("train", f"training.resume={run}").code == 2


@pytest.mark.slow
def test_a_locked_run_is_not_continued(dynax, run):
    before = content(run)
    with FileLock(run / ".lock"):
        finished = dynax("train", f"training.resume={run}")
    assert finished.code == 2
    assert finished.err == f"dynax: training.resume={run}: another process is writing to this run\n"
    assert content(run) == before


@pytest.mark.slow
def test_a_live_run_is_not_removed(dynax, tmp_path):
    """A second job with the same directory ends, and the first one goes on."""
    process = dynax.start("train", "training.seed=1", "hydra.run.dir=outputs/run", acts={1: "wait"})
    wait_for_jobs(process, tmp_path, 1)
    before = content(tmp_path)
    assert dynax("train", "training.seed=2", "hydra.run.dir=outputs/run").code == 2
    assert content(tmp_path) == before
    process.terminate()
    assert dynax.end(process).code == 143
