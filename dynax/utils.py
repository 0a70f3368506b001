"""The helpers a script needs between a robot and a trained model."""

import jax
import numpy as np

from dynax.config.schema import CollectConfig
from dynax.data.backends import resolve_backend
from dynax.data.source import Source
from dynax.data.trajectories import Trajectories
from dynax.envs.env import Env
from dynax.evaluation import warmstart
from dynax.excitations.excitation import Excitation
from dynax.excitations.mixed import Mixed
from dynax.training.fitting import raw_key

__all__ = ["collect_and_prepare_data"]


def collect_and_prepare_data(
    env: Env,
    num_rollouts: int,
    rollout_length: int,
    rng: jax.Array,
    *,
    excitation: Excitation | None = None,
    backend: str = "auto",
    val_fraction: float = 0.1,
) -> tuple[Trajectories, Trajectories]:
    """Simulate `num_rollouts` trajectories of `rollout_length` control steps, and split them for training.

    Args:
        env: the robot.
        num_rollouts, rollout_length: how much data, at least two trajectories of one step.
        rng: JAX random key that the initial states and the actions follow from.
        excitation: what drives the robot; by default a mixture of all kinds.
        backend: `native`, `mjx` or `auto`.
        val_fraction: share of the trajectories in the second set.

    Returns:
        Training and validation trajectories, in memory.
    """
    CollectConfig(num_rollouts=num_rollouts, rollout_length=rollout_length, backend=backend)
    seed = int(np.asarray(jax.random.bits(raw_key(rng, 0), dtype=np.uint32)))
    source = Source(env, excitation or Mixed(), seed, rollout_length)
    backend = resolve_backend(backend, env)
    data, _ = source.trajectories(0, num_rollouts, backend)
    warmstart.check(source, data, backend)
    return data.split(val_fraction)
