"""A training that is stopped and continued gives the same bits as an uninterrupted training."""

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

# Ten short epochs with random data order and dropout, and with the states of the optimizer and the moving average.
TRAINING = [
    "env=pendulum", "collect.num_rollouts=50", "collect.rollout_length=120",
    "model=transformer", "model.width=16", "model.num_layers=1", "model.num_heads=2", "model.history=4",
    "model.dropout=0.1", "training.num_epochs=10", "training.batch_size=64", "training.warmup_steps=50",
]  # fmt: skip


# All stages: three epochs of one step, four for each of two horizons, and fine-tuning. Each epoch saves a checkpoint.
STAGES = [
    "env=pendulum", "training=smoke", "model.hidden_dims=[8]", "training.optimizer=adam", "training.num_epochs=3",
    "training.unroll_epochs=4", "training.unroll_horizons=[2,6]", "training.finetune=lbfgs",
    "training.finetune_steps=3",
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
    for _ in range(6000):
        for metrics in folder.glob("outputs/train/*/*/metrics.jsonl"):
            if len(metrics.read_text().splitlines()) >= epochs:
                return metrics.parent
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    raise TimeoutError


@pytest.fixture(scope="module")
def uninterrupted(workshop):
    """An uninterrupted training of ten epochs."""
    return workshop.line("train", *TRAINING).path


@pytest.fixture
def line(dynax, uninterrupted):
    """The command line in a folder with the dataset."""
    datasets = uninterrupted.parents[2] / "datasets"
    shutil.copytree(datasets, dynax.folder / "outputs" / "datasets")
    return dynax


def hydra_of(run):
    return {file.name: file.read_bytes() for file in (run / ".hydra").iterdir() if file.is_file()}


def test_killed(line, uninterrupted, tmp_path):
    process = line.start("train", *TRAINING)
    run = wait_for(process, tmp_path, 6)
    process.kill()
    ran = line.end(process)
    assert (ran.code, ran.out) == (-signal.SIGKILL, "")
    assert 6 <= len(rows(run)) < 10
    [checkpoint] = (run / "checkpoints").glob("epoch-*")
    saved = int(checkpoint.name.removeprefix("epoch-"))
    assert 5 <= saved <= len(rows(run))  # later than 5 only on a slow machine
    assert not (run / "summary.json").exists()
    hydra = hydra_of(run)

    line.folder = tmp_path / "elsewhere"  # the dataset stays in the first folder
    line.folder.mkdir()
    again = line.process("train", f"training.resume={run}")
    assert again.path == run
    assert f"after epoch {saved}" in again.err
    assert not (line.folder / "outputs").exists()
    assert hydra_of(run) == hydra
    same(run, uninterrupted)


def stop(line, number):
    """Stop a training by a signal in one of its first epochs; return its run and the number of completed epochs."""
    process = line.start("train", *TRAINING)
    run = wait_for(process, line.folder, 2)
    process.send_signal(number)
    ran = line.end(process)
    assert (ran.code, ran.out) == (128 + number, "")
    done = len(rows(run))
    assert done < 10
    assert [path.name for path in (run / "checkpoints").iterdir()] == [f"epoch-{done:05d}"]
    assert not (run / "summary.json").exists()
    place, advice = ran.err.splitlines()[-1].split("; ")
    assert place in (f"dynax: stopped after epoch {done}", f"dynax: stopped in epoch {done + 1}")
    assert advice == f"run `dynax train training.resume={run}` to continue"
    return run, done


@pytest.mark.parametrize(
    ("finetune", "unroll_epochs", "stops"), [("lbfgs", 1, (1, 8, 6, 7)), ("levenberg_marquardt", 0, (8, 1))]
)
def test_stopped_within_every_epoch(dynax, tmp_path, monkeypatch, finetune, unroll_epochs, stops):
    """An epoch of the first stages has seven pieces, fine-tuning at least four. `auto` starts or continues the run.

    With `lbfgs`, the stops are after piece 1 of the first epoch, 2 of the second, 1 of the third, and 1 of the last.
    With `levenberg_marquardt`, they are after piece 1 and 2 of the last.
    """
    options = [*STAGES, f"training.finetune={finetune}", "training.num_epochs=1"]
    options += [f"training.unroll_epochs={unroll_epochs}"]
    uninterrupted = dynax("train", *options).path
    monkeypatch.setattr("dynax.training.epochs.PIECE", 0.0)
    dynax.folder = tmp_path / "elsewhere"
    shutil.copytree(tmp_path / "outputs" / "datasets", dynax.folder / "outputs" / "datasets")
    for stop_after in stops:
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


def test_terminated_and_continued_by_one_process_at_a_time(line, uninterrupted):
    run, done = stop(line, signal.SIGTERM)
    first = line.start("train", f"training.resume={run.relative_to(line.folder)}")
    wait_for(first, line.folder, done + 1)
    first.send_signal(signal.SIGSTOP)
    second = line("train", f"training.resume={run}")
    first.send_signal(signal.SIGCONT)
    assert (second.code, second.out) == (2, "")
    assert f"training.resume={run}: another process is writing to this run" in second.err
    assert line.end(first).path == run
    same(run, uninterrupted)


def test_interrupted(line, uninterrupted):
    run, _ = stop(line, signal.SIGINT)
    assert line("train", f"training.resume={run}").path == run
    same(run, uninterrupted)


def test_killed_while_training_on_several_steps(dynax, tmp_path):
    uninterrupted = dynax("train", *STAGES).path
    assert [row["epoch"] for row in rows(uninterrupted)] == list(range(1, 13))
    dynax.folder = tmp_path / "elsewhere"
    shutil.copytree(tmp_path / "outputs" / "datasets", dynax.folder / "outputs" / "datasets")
    process = dynax.start("train", *STAGES)
    run = wait_for(process, dynax.folder, 6)
    process.kill()
    dynax.end(process)
    assert 5 <= len(rows(run)) < 12
    assert dynax("train", f"training.resume={run}").path == run
    same(run, uninterrupted)
    assert dynax("train", f"training.resume={run}").path == run  # finished, so nothing changes
    same(run, uninterrupted)
