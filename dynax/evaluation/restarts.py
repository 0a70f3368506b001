"""Simulation that restarts from (qpos, qvel, act) at every control step, as a model's rollout does."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from dynax.data.simulate import diverged, simulate, simulate_rounded
from dynax.data.source import TrajectorySource
from dynax.data.trajectories import Trajectories
from dynax.envs import Env
from dynax.evaluation import metrics

MAX_RESTARTS = 4096  # every k-th step is restarted, k = transitions // MAX_RESTARTS; contacts last for several steps
NEGLIGIBLE_ERROR = 1e-6  # standard deviations; a hopper has up to 6e-7 with default solvers, 6e-5 without convergence


def restart_error(env: Env, data: Trajectories, std: Float[np.ndarray, " C"]) -> Float[np.ndarray, "N T"]:
    """Return the normalized difference between restarted control steps and the same steps of trajectories.

    A restarted control step begins with a warm start of zero, as every new simulation does. Its further physics steps
    use the solver's own warm start. `mjDSBL_WARMSTART` would disable their warm start too.

    Args:
        env: the robot.
        data: its trajectories, simulated by C MuJoCo.
        std: the unit of the difference for each coordinate.
    """
    every = slice(None, None, max(1, data.num_transitions // MAX_RESTARTS))
    before, after, actions = data.states[:, :-1][:, every], data.states[:, 1:][:, every], data.actions[:, every]
    n, steps, width = actions.shape
    restarted = simulate(env, before.reshape(n * steps, -1), actions.reshape(n * steps, 1, width), "native")[:, 1]
    return metrics.normalized_error(env.space, after, restarted.reshape(n, steps, -1), std)


def restart_error_is_negligible(
    env: Env, states: Float[np.ndarray, "N S"], actions: Float[np.ndarray, "N T A"], std: Float[np.ndarray, " C"]
) -> bool:
    """Return whether all restart errors are negligible on the trajectories from `states` under `actions`.

    Trajectories that diverge are ignored. If all of them diverge, return False.
    """
    paths = simulate(env, states, actions, "native")
    finite = ~diverged(paths)
    return bool(
        finite.any() and restart_error(env, Trajectories(paths[finite], actions[finite]), std).max() < NEGLIGIBLE_ERROR
    )


def restarted_valid_time(env: Env, source: TrajectorySource, n: int, std: Float[np.ndarray, " C"]) -> float:
    """Return VPT(0.1), in s, of the float32 simulation that restarts at every physics step.

    Args:
        env: the robot; it may have other solver options than the robot of `source`.
        source: draws the initial states and the actions.
        n: number of trajectories.
        std: the unit of the error for each coordinate.
    """
    states, actions = source.draw(0, n)
    truth, restarted = simulate(env, states, actions, "native"), simulate_rounded(env, states, actions)
    error = metrics.normalized_error(env.space, truth, restarted, std)
    return metrics.valid_time(error, metrics.THRESHOLDS[0], env.dt).median


def with_option(env: Env, option: str) -> Env:
    """Return the robot with a further `<option>` element at the end of its MJCF."""
    before, end, after = env.mjcf.rpartition("</mujoco>")
    return replace(env, mjcf=before + option + end + after)
