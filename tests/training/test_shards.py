"""The number of shards of a training. `two_devices.py` tests the shards themselves."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import pytest

from dynax import TrainingConfig
from dynax.architectures import MLPDynamicsModel
from dynax.errors import UserError
from dynax.training import Training, shards
from dynax.training.shards import Shards, default_shards, power_of_two

TWO_DEVICES = Path(__file__).with_name("two_devices.py")


@pytest.mark.parametrize(("limit", "power"), [(0, 1), (1, 1), (2, 2), (3, 2), (7, 4), (8, 8)])
def test_powers_of_two(limit, power):
    assert power_of_two(limit) == power


@pytest.mark.parametrize(("wanted", "windows", "count"), [(None, 512, 1), (3, 512, 2), (8, 12, 4), (4, 7, 1)])
def test_shards_have_equal_sizes(wanted, windows, count):
    assert Shards.of(wanted, windows).count == count


@pytest.mark.parametrize(
    ("devices", "cores", "predictions", "count"),
    [(1, 8, 512, 1), (2, 1, 512, 1), (2, 2, 512, 2), (6, 6, 512, 4), (64, 64, 512, 4)],
)
def test_there_is_a_shard_for_each_device_that_has_a_core_and_enough_predictions(
    monkeypatch, devices, cores, predictions, count
):
    monkeypatch.setattr(jax, "local_device_count", lambda: devices)
    monkeypatch.setattr(shards, "usable_cores", lambda: cores)
    assert default_shards(predictions) == count


@pytest.mark.parametrize("wrong", [0, 3, 12])
def test_other_numbers_are_wrong(wrong):
    with pytest.raises(UserError, match="shards"):
        TrainingConfig(shards=wrong)


@pytest.mark.slow
def test_shards_on_two_devices():
    """In a process of its own, because the devices of JAX start once."""
    command = [sys.executable, "-m", "pytest", "-q", "-n0", str(TWO_DEVICES)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment["JAX_NUM_CPU_DEVICES"] = "2"
    done = subprocess.run(command, cwd=TWO_DEVICES.parents[2], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_a_training_records_its_number_of_shards(slide, sliding, monkeypatch):
    monkeypatch.setattr(shards, "default_shards", lambda predictions: 2)
    training = Training(MLPDynamicsModel(env=slide), *sliding, TrainingConfig(batch_size=512), 0)
    assert training.config.shards == 2
