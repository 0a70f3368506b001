"""`training.resume=auto` finds the newest unfinished run of the same config."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from dynax.cli.composition import unfinished
from dynax.runs import locks

CONFIG = {
    "env": {"name": "pendulum"},
    "model": {"architecture": "mlp", "hidden_dims": [16]},
    "training": {"num_epochs": 10, "seed": 0, "resume": "auto"},
}
NAME = "pendulum-mlp"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(unfinished, "_claimed", {})
    yield tmp_path
    for lock in unfinished._claimed.values():
        lock.release()


def run(path, time=0, finished=False, **training):
    """Write the files of a run with a checkpoint."""
    checkpoint = Path(path, "checkpoints", "epoch-00003")
    checkpoint.mkdir(parents=True)
    config = {**CONFIG, "training": {**CONFIG["training"], "resume": None, **training}}
    (checkpoint / "run.json").write_text(json.dumps({"config": config, "epoch": 3}))
    os.utime(checkpoint / "run.json", (time, time))
    if finished:
        Path(path, "summary.json").write_text("{}")
    return Path(path).absolute()


def found(**training):
    root = OmegaConf.create({**CONFIG, "training": {**CONFIG["training"], **training}, "hydra": {"job": "???"}})
    return unfinished.claim_newest(root, NAME)


def test_a_learning_run_may_have_other_transitions():
    path = run("outputs/learn/pendulum-mlp/a")
    file = path / "checkpoints" / "epoch-00003" / "run.json"
    info = json.loads(file.read_text())
    file.write_text(json.dumps({**info, "config": {**info["config"], "learn": {"transitions": 100, "seed": 0}}}))
    assert found() is None  # of a training
    root = OmegaConf.create({**CONFIG, "learn": {"transitions": 200, "seed": 0}})
    assert unfinished.claim_newest(root, NAME) == path


def test_nothing_is_found_in_an_empty_folder():
    assert found() is None


def test_the_newest_unfinished_run_is_found():
    run("outputs/train/pendulum-mlp/3", time=3, finished=True)
    newest = run("outputs/train/pendulum-mlp/2", time=2)
    run("outputs/train/pendulum-mlp/1", time=1)
    assert found() == newest
    assert found() == newest  # Hydra resolves the interpolation several times


def test_a_run_of_a_sweep_is_found():
    assert found() is None
    assert found() is None
    job = run("outputs/train/sweeps/2026/1")
    assert found() == job


def test_another_number_of_epochs_is_the_same_config_and_another_seed_is_not():
    expected = run("outputs/train/pendulum-mlp/1", num_epochs=5)
    run("outputs/train/pendulum-mlp/2", time=9, seed=1)
    assert found() == expected


def test_a_run_without_a_checkpoint_and_a_damaged_one_are_skipped():
    Path("outputs/train/pendulum-mlp/1").mkdir(parents=True)
    Path("outputs/train/pendulum-mlp/2/checkpoints/epoch-00001").mkdir(parents=True)
    damaged = run("outputs/train/pendulum-mlp/3")
    (damaged / "checkpoints" / "epoch-00003" / "run.json").write_text("[]")
    assert found() is None


def test_a_run_that_another_process_holds_is_skipped():
    older = run("outputs/train/pendulum-mlp/1", time=1)
    newer = run("outputs/train/pendulum-mlp/2", time=2)
    code = f"""
from pathlib import Path
from dynax.runs import locks
with locks.locked(Path({str(newer)!r}) / ".lock"):
    print("ready", flush=True)
    input()
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    assert found() == older
    process.communicate("\n")


def test_a_claim_is_taken_over_with_its_lock():
    expected = run("outputs/train/pendulum-mlp/1")
    assert found() == expected
    lock = unfinished.take_claim(expected)
    with pytest.raises(locks.Busy):
        locks.acquire(expected / unfinished.LOCK)
    lock.release()
    assert unfinished.take_claim(expected) is None
