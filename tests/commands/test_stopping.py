"""A training that is stopped and continued gives the same bits as an uninterrupted training.

tests/training/test_pieces.py stops trainings with dropout within an epoch of each stage and with each method of
fine-tuning. benchmarks/faults kills trainings, sweeps and evaluations at random times.
"""

import json
import os
import shutil
import signal
import sys
import time

import jax
import numpy as np
import orbax.checkpoint as ocp
import pytest

pytestmark = pytest.mark.slow

TIMEOUT = 600.0  # s; a stalled machine takes minutes instead of seconds
# All stages: sixty short epochs of one step, four for each of two horizons, and fine-tuning. The data order is
# random, and the optimizer and the moving average have states.
FIRST_STAGE, ALL_STAGES = 60, 69
STAGES = [
    "env=pendulum", "training=smoke", "model.hidden_dims=[8]", "training.optimizer=adam",
    f"training.num_epochs={FIRST_STAGE}", "training.unroll_epochs=4", "training.unroll_horizons=[2,6]",
    "training.finetune=lbfgs", "training.finetune_steps=3", "training.checkpoint_every=20",
]  # fmt: skip


def rows(run):
    """Return the lines of `metrics.jsonl` without times, which differ between runs."""
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [{key: value for key, value in line.items() if key != "time_s"} for line in lines]


def arrays(run):
    """Return every array of the last checkpoint as bytes, by its key in the tree."""
    [path] = (run / "checkpoints").iterdir()
    assert path.name == f"epoch-{len(rows(run)):05d}"
    with ocp.StandardCheckpointer() as orbax:
        trees = [orbax.restore(path / part) for part in ("model", "training")]
    leaves = jax.tree_util.tree_leaves_with_path(trees)
    return {jax.tree_util.keystr(key): (str(x.dtype), np.shape(x), np.asarray(x).tobytes()) for key, x in leaves}


def results(run):
    content = json.loads((run / "summary.json").read_text())
    differs = {"run", "run_id", "dataset", "training_time_s", "wall_time_s", "commit", "summary_sha256"}
    return {key: value for key, value in content.items() if key not in differs}


def same(run, uninterrupted):
    ours, theirs = arrays(run), arrays(uninterrupted)
    assert ours.keys() == theirs.keys()
    assert not [key for key in ours if ours[key] != theirs[key]]
    assert rows(run) == rows(uninterrupted)
    assert results(run) == results(uninterrupted)


def wait_for(process, folder, epochs):
    """Return the directory of the run of `process` after it has completed some epochs."""
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        for metrics in folder.glob("outputs/train/*/*/metrics.jsonl"):
            if len(metrics.read_text().splitlines()) >= epochs:
                return metrics.parent
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    raise TimeoutError


@pytest.fixture(scope="module")
def uninterrupted(workshop):
    """An uninterrupted training through all stages."""
    run = workshop.line("train", *STAGES).path
    assert [row["epoch"] for row in rows(run)] == list(range(1, ALL_STAGES + 1))
    return run


@pytest.fixture
def line(dynax, uninterrupted):
    """The command line in a folder with the dataset."""
    datasets = uninterrupted.parents[2] / "datasets"
    shutil.copytree(datasets, dynax.folder / "outputs" / "datasets")
    return dynax


def hydra_of(run):
    return {file.name: file.read_bytes() for file in (run / ".hydra").iterdir() if file.is_file()}


def test_killed_while_training_on_several_steps(line, uninterrupted, tmp_path):
    process = line.start("train", *STAGES)
    run = wait_for(process, tmp_path, FIRST_STAGE + 2)
    process.kill()
    ran = line.end(process)
    assert (ran.code, ran.out) == (-signal.SIGKILL, "")
    assert FIRST_STAGE + 2 <= len(rows(run)) < ALL_STAGES
    [checkpoint] = (run / "checkpoints").glob("epoch-*")
    saved = int(checkpoint.name.removeprefix("epoch-"))
    assert FIRST_STAGE <= saved <= len(rows(run))  # later than the first stage only on a slow machine
    assert not (run / "summary.json").exists()
    hydra = hydra_of(run)

    line.folder = tmp_path / "elsewhere"  # the dataset stays in the first folder
    line.folder.mkdir()
    again = line("train", f"training.resume={run}")
    assert again.path == run
    assert f"after epoch {saved}" in again.err
    assert not (line.folder / "outputs").exists()
    assert hydra_of(run) == hydra
    same(run, uninterrupted)
    assert line("train", f"training.resume={run}").path == run  # finished, so nothing changes
    same(run, uninterrupted)


def stop(line, process, run, number):
    """Stop a training by a signal in its first stage, and return the number of completed epochs."""
    process.send_signal(number)
    ran = line.end(process)
    assert (ran.code, ran.out) == (128 + number, "")
    done = len(rows(run))
    assert done < FIRST_STAGE
    assert [path.name for path in (run / "checkpoints").iterdir()] == [f"epoch-{done:05d}"], ran.err
    assert not (run / "summary.json").exists()
    place, advice = ran.err.splitlines()[-1].split("; ")
    assert place in (f"dynax: stopped after epoch {done}", f"dynax: stopped in epoch {done + 1}")
    assert advice == f"run `dynax train training.resume={run}` to continue"
    return done


def test_terminated_and_interrupted_and_continued_by_one_process_at_a_time(line, uninterrupted):
    process = line.start("train", *STAGES)
    run = wait_for(process, line.folder, 2)
    done = stop(line, process, run, signal.SIGTERM)
    first = line.start("train", f"training.resume={run.relative_to(line.folder)}")
    wait_for(first, line.folder, done + 3)  # not in the compilations of the first epochs
    first.send_signal(signal.SIGSTOP)
    second = line("train", f"training.resume={run}")
    first.send_signal(signal.SIGCONT)
    assert (second.code, second.out) == (2, "")
    assert f"training.resume={run}: another process is writing to this run" in second.err
    assert stop(line, first, run, signal.SIGINT) > done
    assert line("train", f"training.resume={run}").path == run
    same(run, uninterrupted)


def test_stopped_within_an_epoch_of_two_stages(dynax, tmp_path, monkeypatch):
    """After the first piece of the seven of the first epoch, and of fine-tuning. `auto` starts or continues the run."""
    options = [*STAGES, "training.finetune=levenberg_marquardt", "training.num_epochs=1", "training.unroll_epochs=0"]
    uninterrupted = dynax("train", *options).path
    monkeypatch.setattr("dynax.training.epochs.PIECE_SECONDS", 0.0)
    dynax.folder = tmp_path / "elsewhere"
    shutil.copytree(tmp_path / "outputs" / "datasets", dynax.folder / "outputs" / "datasets")
    for stop_after in (1, 7):
        with monkeypatch.context() as patched:
            stop_after_pieces(patched, stop_after)
            ran = dynax("train", *options, "training.resume=auto")
        assert (ran.code, ran.out) == (128 + signal.SIGUSR1, ""), ran.err
        assert "training.resume=" in ran.err.splitlines()[-1]
    run = dynax("train", *options, "training.resume=auto").path
    assert len(list(run.parent.iterdir())) == 1
    same(run, uninterrupted)


def stop_after_pieces(patched, count):
    """Send a signal after some pieces."""
    from dynax.training import Training

    advance, calls = Training.advance, []

    def counted(self):
        result = advance(self)
        calls.append(None)
        if len(calls) == count:
            watcher = sys.modules["dynax.cli.watcher"]  # must not end the process of the tests on a slow machine
            for name in ("COMPILATION", "DEADLINE", "SAVING_DEADLINE"):
                patched.setattr(watcher, name, 600.0)
            os.kill(os.getpid(), signal.SIGUSR1)
        return result

    patched.setattr(Training, "advance", counted)
