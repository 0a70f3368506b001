"""Training with `jax_enable_x64`, as a notebook may set it, gives the same bits as without it."""

import os
import subprocess
import sys

import pytest

CODE = """
import hashlib
import sys

import jax
import numpy as np
from dynax import TrainingConfig, train_dynamics_model
from dynax.architectures import MLPDynamicsModel
from dynax.envs import PendulumEnv
from dynax.utils import collect_and_prepare_data

if sys.argv[1] == "update":
    jax.config.update("jax_enable_x64", True)
env = PendulumEnv()
train, val = collect_and_prepare_data(env=env, num_rollouts=8, rollout_length=20, rng=jax.random.PRNGKey(0))
for optimizer in sys.argv[2:]:
    digest = hashlib.sha256()
    model = MLPDynamicsModel(env=env, hidden_dims=(8,))
    config = TrainingConfig(num_epochs=2, batch_size=16, optimizer=optimizer, val_rollouts=1)
    params = train_dynamics_model(model, train, val, config)
    predicted = np.asarray(model.rollout(val.states[:, 0], val.actions, params))
    assert predicted.dtype == np.float32
    for leaf in (*jax.tree.leaves(params), predicted):
        assert np.asarray(leaf).dtype == np.float32
        digest.update(np.asarray(leaf).tobytes())
    print(digest.hexdigest())
"""


OPTIMIZERS = ("adamw", "soap", "muon")


def digests(how, *optimizers, **environ):
    """Return a hash of the bits of a training with each optimizer, in a process of its own."""
    command = [sys.executable, "-c", CODE, how, *optimizers]
    result = subprocess.run(command, env={**os.environ, **environ}, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr[-2000:]
    return result.stdout.split()


@pytest.mark.slow
def test_every_optimizer_trains_to_the_same_bits():
    single = digests("neither", *OPTIMIZERS, JAX_ENABLE_X64="0")
    assert digests("environment", *OPTIMIZERS, JAX_ENABLE_X64="1") == single
    assert digests("update", OPTIMIZERS[0]) == single[:1]
