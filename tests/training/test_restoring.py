"""The state of a training is restored from a file bit for bit."""

import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from toys import start

from dynax.architectures import MLPDynamicsModel
from dynax.config.registries import OPTIMIZERS
from dynax.config.schema import TrainingConfig
from dynax.runs import sealed
from dynax.runs.arrays import read_tree

CONFIG = TrainingConfig(num_epochs=3, batch_size=64)


@pytest.fixture(scope="module")
def data(trajectories):
    return trajectories["cart_pole"].split(0.25)


def bits(tree):
    return [(np.asarray(x).dtype, np.shape(x), np.asarray(x).tobytes()) for x in jax.tree.leaves(tree)]


@pytest.mark.slow
def test_a_training_continued_from_a_file_gives_the_same_bits(robots, data, tmp_path):
    model = MLPDynamicsModel(env=robots["cart_pole"], hidden_dims=(4,))
    training = start(model, data, CONFIG)
    training.step()
    sealed.write(tmp_path / "saved", {"training": training.state}, {}, {})
    continued = start(model, data, CONFIG, seed=9)
    continued.restore(read_tree(tmp_path / "saved" / "training", continued.state))
    for one, other in zip(iter(training.step, None), iter(continued.step, None), strict=True):
        assert one == other
    assert bits(training.state) == bits(continued.state)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", OPTIMIZERS.names())
def test_the_state_of_every_optimizer_of_an_ensemble_is_restored(optimizer, robots, data, tmp_path):
    model = MLPDynamicsModel(env=robots["cart_pole"], hidden_dims=(4,), ensemble_size=2, constraints="layer")
    state = start(model, data, TrainingConfig(optimizer=optimizer)).state
    sealed.write(tmp_path / "saved", {"training": state}, {}, {})
    restored = read_tree(tmp_path / "saved" / "training", jax.eval_shape(lambda: state))
    assert jax.tree.structure(restored) == jax.tree.structure(state)
    assert bits(restored) == bits(state)


@pytest.mark.slow
def test_arrays_of_another_device_are_restored(tmp_path):
    """Another process saves arrays on the second of two devices, as on a GPU; this process has one."""
    code = f"""if True:
        import jax
        from pathlib import Path
        from dynax.runs import sealed
        tree = {{"x": jax.device_put(jax.numpy.arange(5.0), jax.devices()[1])}}
        sealed.write(Path({str(tmp_path / "saved")!r}), {{"model": tree}}, {{}}, {{}})
    """
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    subprocess.run([sys.executable, "-c", code], env=os.environ | flags, check=True)
    tree = read_tree(tmp_path / "saved" / "model", {"x": jnp.zeros(5)})
    assert tree["x"].tolist() == [0, 1, 2, 3, 4]
    assert tree["x"].devices() == {jax.devices()[0]}
