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


@pytest.fixture
def dataset(tmp_path):
    """The files of a dataset."""
    (tmp_path / "data" / "qpos").mkdir(parents=True)
    (tmp_path / "data" / "manifest.json").write_text("{}")
    (tmp_path / "data" / "qpos" / "zarr.json").write_text("{}")
    return tmp_path / "data"


@pytest.fixture
def saved(tmp_path):
    """A saved model."""
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "run.json").write_text("{}")
    (tmp_path / "saved" / "manifest.json").write_text("{}")
    return tmp_path / "saved"


@pytest.mark.parametrize("command", ["train", "collect", "eval run=run", "export run=run", "learn task=swing_up"])
@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("run/checkpoints", "is inside the run"),
        ("run/.hydra/new/x", "is inside the run"),
        ("run/new", "is inside the run"),
        ("run/checkpoints/epoch-00001", "is inside the run"),
        ("data/qpos", "is inside the dataset"),
        ("data/new", "is inside the dataset"),
        ("saved/new", "is inside the checkpoint or saved model"),
        ("link/qpos", "is inside the dataset"),
    ],
)
def test_nothing_is_written_into_a_run_or_a_dataset(in_process, tmp_path, run, dataset, saved, command, place, message):
    (tmp_path / "link").symlink_to(dataset)
    before = content(tmp_path)
    finished = in_process(*command.split(), f"hydra.run.dir={place}")
    assert (finished.code, finished.out) == (2, "")
    assert finished.err.startswith(f"dynax: hydra.run.dir={tmp_path / place} {message} ")
    assert content(tmp_path) == before


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("run", "is a run"),
        ("run/new", "is inside the run"),
        ("data", "is a dataset"),
        ("data/qpos", "is inside the dataset"),
        ("saved", "is a checkpoint or saved model"),
    ],
)
def test_no_sweep_is_written_into_a_run_or_a_dataset(in_process, tmp_path, run, dataset, saved, place, message):
    before = content(tmp_path)
    finished = in_process("train", "-m", "training.seed=0,1", f"hydra.sweep.dir={place}")
    assert (finished.code, finished.out) == (2, "")
    assert finished.err.startswith(f"dynax: hydra.sweep.dir={tmp_path / place} {message}")
    assert content(tmp_path) == before


def test_no_job_of_a_sweep_is_written_into_a_run(in_process, tmp_path, run):
    before = content(tmp_path)
    subdir = f"hydra.sweep.subdir={run}/${{hydra.job.num}}"
    finished = in_process("train", "-m", "training.seed=0,1", "hydra.sweep.dir=sweep", subdir)
    assert (finished.code, finished.out) == (2, "")
    assert f"hydra.sweep.subdir={run}/1 is inside the run {run}: choose another hydra.sweep.subdir" in finished.err
    assert content(tmp_path) == before


@pytest.mark.parametrize("words", ["train hydra.run.dir=", "train -m training.seed=0,1 hydra.sweep.dir="])
def test_an_empty_directory_name_is_not_the_working_directory(in_process, tmp_path, words):
    finished = in_process(*words.split())
    key = words.split()[-1]
    assert (finished.code, finished.out) == (2, "")
    assert finished.err == f"dynax: {key} is not the path of a folder: write {key}path/to/folder, or remove it\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_results_may_be_beside_the_files_of_another_program(dynax, tmp_path):
    """A project of another program may have folders of the same names."""
    (tmp_path / ".hydra").mkdir()
    (tmp_path / "manifest.json").write_text("{}")
    assert dynax("train", "training.seed=0").code == 0


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
