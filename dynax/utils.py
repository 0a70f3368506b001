"""Helper functions of the quick start."""

import jax
import numpy as np

from dynax.config.schema import CollectConfig
from dynax.data.backends import resolve_backend
from dynax.data.source import TrajectorySource
from dynax.data.trajectories import Trajectories
from dynax.envs.env import Env
from dynax.evaluation import warmstart
from dynax.excitations.excitation import Excitation
from dynax.excitations.mixed import Mixed
from dynax.training.random_key import raw_key

__all__ = ["collect_and_prepare_data"]


def collect_and_prepare_data(
    env: Env,
    num_rollouts: int,
    rollout_length: int,
    rng: jax.Array | int,
    *,
    excitation: Excitation | None = None,
    backend: str = "auto",
    val_fraction: float = 0.1,
) -> tuple[Trajectories, Trajectories]:
    """Simulate trajectories from random initial states, and split them into training and validation data.

    Args:
        env: the robot.
        num_rollouts: number of trajectories, at least 2.
        rollout_length: control steps per trajectory, at least 1.
        rng: JAX random key, or an integer seed, that determines initial states and actions.
        excitation: signal that generates the actions; by default a mixture of all signals.
        backend: simulator, `native`, `mjx` or `auto`.
        val_fraction: fraction of the trajectories used for validation.

    Returns:
        Training and validation trajectories.

    Raises:
        UserError: if an argument is out of range, if the backend does not support the robot, or if the robot's
            simulation diverges.
    """
    CollectConfig(num_rollouts=num_rollouts, rollout_length=rollout_length, backend=backend)
    seed = int(np.asarray(jax.random.bits(raw_key(rng), dtype=np.uint32)))
    source = TrajectorySource(env, excitation or Mixed(), seed, rollout_length)
    backend = resolve_backend(backend, env)
    data, _ = source.trajectories(0, num_rollouts, backend)
    warmstart.check(source, data, backend)
    return data.split(val_fraction)
