"""The contract of a task: a reward, a criterion of success, and initial states."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from dynax.config.bounds import MAX_SECONDS
from dynax.config.options import check_fields
from dynax.config.registries import TASKS
from dynax.envs import Env
from dynax.errors import UserError, check_range
from dynax.excitations.excitation import steps_of

SUCCESS_REWARD = 0.8  # mean reward at the end of a successful episode, for tasks without a criterion of their own


@dataclass(frozen=True)
class Task(ABC):
    """A task for a robot. The fields of a subclass are the options of its group in `conf/task`.

    The reward of a control step depends on the state after the step and on the action of the step. Rewards of the
    shipped tasks are between 0 and 1, except for `quadratic`.
    """

    seconds: float = 10.0  # length of an episode, s
    hold: float = 1.0  # length of the end of an episode in which the goal must be met, s

    def __post_init__(self):
        check_fields(self)
        check_range("seconds", self.seconds, 0, MAX_SECONDS, open_low=True)
        check_range("hold", self.hold, 0, MAX_SECONDS, open_low=True)

    @property
    def name(self) -> str:
        """The registered name of the task."""
        return TASKS.name_of(type(self))

    def check(self, env: Env) -> None:
        """Raise UserError if the task does not fit the robot. By default, a task fits every robot."""
        return

    @abstractmethod
    def reward(
        self, env: Env, qpos: Float[Array, " nq"], qvel: Float[Array, " nv"], ctrl: Float[Array, " A"]
    ) -> Float[Array, ""]:
        """Return the reward of a control step, in JAX.

        Args:
            env: the robot.
            qpos: positions after the step.
            qvel: velocities after the step.
            ctrl: action of the step.
        """

    def success(self, env: Env, states: Float[np.ndarray, "T1 S"], rewards: Float[np.ndarray, " T"]) -> bool:
        """Return whether an episode was successful. By default, the mean of the last rewards is at least 0.8.

        Args:
            env: the robot.
            states: true states; the first is the initial state.
            rewards: rewards of the control steps.
        """
        return bool(rewards[-self.hold_steps(env) :].mean() >= SUCCESS_REWARD)

    def terminated(self, env: Env, qpos: Float[Array, " nq"], qvel: Float[Array, " nv"]) -> Bool[Array, ""]:
        """Return whether an episode of `dynax.gym` ends early in a state, in JAX. By default, it never does."""
        return jnp.zeros((), bool)

    def initial_states(self, env: Env, rng: np.random.Generator, n: int) -> Float[np.ndarray, "n S"]:
        """Draw `n` initial states. By default, they are those of the robot's reset."""
        return env.sample_states(rng, n)

    def marker(self, env: Env) -> tuple[int, Float[np.ndarray, "3"]]:
        """Return a point whose planned paths are drawn: its body, and its position in the frame of the body, m."""
        return env.mj_model.nbody - 1, env.mj_model.body_ipos[-1].copy()

    def hold_steps(self, env: Env) -> int:
        """Return the number of control steps in `hold`."""
        return steps_of(self.hold, env.dt)

    def misfit(self, env: Env, reason: str) -> UserError:
        """Return the error that the task does not fit the robot."""
        return UserError(f"name={self.name} does not fit the robot {env.name}: {reason}", "name")
