"""The clip of an episode, with the planned paths of a point of the robot."""

from collections.abc import Iterator

import mujoco
import numpy as np
from jaxtyping import Float, UInt8

from dynax.control.comparison import Comparison
from dynax.render.planned_paths import frames_with_paths

PATH_POINTS = 40  # points of a planned path in a picture


def num_frames(comparison: Comparison, fps: int) -> int:
    """Return the number of frames of the first episode."""
    return int(comparison.seconds * fps) + 1


def episode_frames(
    comparison: Comparison, *, fps: int, width: int, height: int, backend: str, camera: str | None
) -> Iterator[UInt8[np.ndarray, "H W 3"]]:
    """Return the frames of the first episode with the model.

    Args:
        comparison: the episodes.
        fps: frames per second.
        width: width of a frame in pixels.
        height: height of a frame in pixels.
        backend: a backend, see `dynax.render.choose_backend`.
        camera: name of a camera; see `dynax.render.frames`.
    """
    problem, episode = comparison.problem, comparison.episodes["model"][0]
    env, model = problem.env, problem.env.mj_model
    count = 1 + np.flatnonzero(np.isfinite(episode.states).all(axis=1))[-1]
    body, point = problem.task.marker(env)
    paths = [_paths(model, plan.best_paths, body, point) for plan in episode.plans]
    return frames_with_paths(
        model, episode.states[:count], paths, problem.repeat, env.dt, rewards=episode.rewards,
        mocap=episode.actions[:, model.nu :], fps=fps, width=width, height=height, backend=backend, camera=camera,
        title=comparison.title,
    )  # fmt: skip


def _paths(
    model: mujoco.MjModel, states: Float[np.ndarray, "F T1 S"], body: int, point: Float[np.ndarray, "3"]
) -> Float[np.ndarray, "F P 3"]:
    """Return the paths of a point of a body in the world, m. Undefined states give undefined points."""
    data = mujoco.MjData(model)
    chosen = np.unique(np.linspace(0, states.shape[1] - 1, PATH_POINTS).round().astype(int))
    paths = np.full((len(states), len(chosen), 3), np.nan)
    for i, path in enumerate(states[:, chosen]):
        for j, state in enumerate(path):
            if np.isfinite(state).all():
                data.qpos[:] = state[: model.nq]
                mujoco.mj_kinematics(model, data)
                paths[i, j] = data.xpos[body] + data.xmat[body].reshape(3, 3) @ point
    return paths
