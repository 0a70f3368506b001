"""Environments around a trained model, for libraries of reinforcement learning.

    env = dynax.gym.make(run, task="swing_up")                      # Gymnasium
    envs = dynax.gym.make_vec(run, task="swing_up", num_envs=1024)  # its VectorEnv
    env = dynax.gym.functional(run, task="swing_up")                # pure functions in JAX

With `predictor="mujoco"`, C MuJoCo simulates the true robot instead, so that a policy can be tested on it.

After `import dynax.gym`, Gymnasium has these environments as `dynax/<task>-v0`, with the option `run`. This package
needs the extra `gym`.

Axes of arrays: P initial states, h history, S coordinates of a state, A entries of an action, O entries of an
observation.
"""

import os
from typing import Any

import numpy as np
from jaxtyping import Float

from dynax.config.registries import TASKS
from dynax.control.tasks import Task
from dynax.errors import UserError, check_choice
from dynax.gym.functional import POOL, FunctionalEnv
from dynax.gym.simulated import SimulatedRobot
from dynax.trained import TrainedModel, load

try:
    import gymnasium
    from gymnasium.envs.registration import EnvSpec

    from dynax.gym.environment import ModelEnv
    from dynax.gym.vector import VectorModelEnv
except ImportError as error:
    raise ImportError("dynax.gym needs Gymnasium: pip install 'dynax[gym]'") from error

__all__ = ["FunctionalEnv", "ModelEnv", "VectorModelEnv", "functional", "make", "make_vec"]

PREDICTORS = ("model", "mujoco")
Run = str | os.PathLike[str] | TrainedModel


def functional(
    run: Run,
    task: str | Task,
    *,
    seconds: float | None = None,
    period: float = 0.02,
    predictor: str = "model",
    trust: float | None = None,
    initial: Float[np.ndarray, "P S"] | None = None,
    seed: int = 0,
) -> FunctionalEnv:
    """Return an environment as pure functions.

    Args:
        run: directory of a training run, or a trained model.
        task: name of a task, or a task.
        seconds: length of an episode, s; by default that of the task.
        period: duration of a step, s; the action is constant in it.
        predictor: model | mujoco (C MuJoCo with the true robot, to test a policy).
        trust: expected normalized error of a calibrated ensemble at which an episode is truncated, such as 0.1.
        initial: initial states, for example of a dataset; by default those of the task.
        seed: seed of the initial states of the task.

    Raises:
        UserError: if a name is unknown, the run cannot be loaded, or the task does not fit the robot.
    """
    trained = run if isinstance(run, TrainedModel) else load(run)
    chosen: Task = task if isinstance(task, Task) else TASKS.get(task, "task")()
    chosen.check(trained.env)
    if initial is None:
        initial = chosen.initial_states(trained.env, np.random.default_rng(seed), POOL)
    initial = np.asarray(initial, float)
    if initial.ndim != 2 or initial.shape[1] != trained.env.state_dim or not len(initial):
        raise UserError(f"initial must have shape (P, {trained.env.state_dim}), got {initial.shape}", "initial")
    check_choice("predictor", predictor, PREDICTORS)
    robot = SimulatedRobot(trained.env) if predictor == "mujoco" else trained
    return FunctionalEnv(robot, chosen, initial, seconds or chosen.seconds, period, trust)


def make(run: Run, task: str | Task, **options: Any) -> ModelEnv:
    """Return a Gymnasium environment; `functional` has the arguments and errors."""
    env = ModelEnv(functional(run, task, **options))
    if isinstance(task, str) and not isinstance(run, TrainedModel):
        env.spec = EnvSpec(
            _id(task), _entry, kwargs={"run": str(run), "task": task, **options}, disable_env_checker=True
        )
    return env


def make_vec(run: Run, task: str | Task, num_envs: int = 1, **options: Any) -> VectorModelEnv:
    """Return a vectorized environment of `num_envs` robots; `functional` has the other arguments and errors."""
    return VectorModelEnv(functional(run, task, **options), num_envs)


def _entry(render_mode: None = None, **options: Any) -> ModelEnv:
    """Create an environment for Gymnasium."""
    return make(**options)


def _vector_entry(num_envs: int, render_mode: None = None, **options: Any) -> VectorModelEnv:
    """Create a vectorized environment for Gymnasium."""
    return make_vec(num_envs=num_envs, **options)


def _id(task: str) -> str:
    return f"dynax/{task}-v0"


for _name in TASKS.names():
    if _id(_name) not in gymnasium.registry:
        gymnasium.register(_id(_name), _entry, vector_entry_point=_vector_entry, kwargs={"task": _name})
