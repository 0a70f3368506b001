"""A controller: it plans in each period, and returns the first action of the plan."""

import time
from typing import Protocol

import jax
import numpy as np
from jaxtyping import Float

from dynax.control.planning import Plan, as_float64, plan_function
from dynax.control.predictors import Predictor
from dynax.control.problem import Problem
from dynax.errors import UserError
from dynax.math.precision import in_single_precision


class Policy(Protocol):
    """A function from states to an action, which an episode calls once per period."""

    plan: Plan | None  # the last plan, if there is one

    def reset(self, seed: int) -> None:
        """Begin an episode."""
        ...

    def __call__(self, states: Float[np.ndarray, "*n S"]) -> Float[np.ndarray, " A"]:
        """Return the action of the next period."""
        ...


class Controller:
    """Model predictive control.

        controller = dynax.control.make(run, "swing_up")
        action = controller(state)  # once per period, 0.02 s by default

    Args:
        problem: the task, the planner and the robot.
        predictor: the predictor.
        seed: seed of the candidates.
    """

    def __init__(self, problem: Problem, predictor: Predictor, seed: int = 0):
        self.problem, self.predictor = problem, predictor
        self._plan_next, self._seed = plan_function(problem, predictor), seed
        self.reset()

    @in_single_precision
    def reset(self, seed: int | None = None) -> None:
        """Forget the last plan and the states before, as at the beginning of an episode.

        Args:
            seed: seed of the candidates; by default the seed of the controller.
        """
        self.plan: Plan | None = None
        self._key, self._count = jax.random.key(self._seed if seed is None else seed), 0
        self._search = self.problem.planner.start(self.problem.center)
        self._states, self._past = np.zeros((0, self.problem.env.state_dim)), np.zeros((0, self.problem.env.action_dim))

    def compile(self) -> float:
        """Compile the program with the default state, and return the duration, s. The first call then is fast."""
        start = time.perf_counter()
        self(self.problem.env.space.default_state)
        self.reset()
        return time.perf_counter() - start

    @in_single_precision
    def __call__(self, states: Float[np.ndarray, "*n S"]) -> Float[np.ndarray, " A"]:
        """Return the action until the next call, which should follow after a period.

        Args:
            states: the current state (S,). If the model has a history, the states since the last call (n, S), one for
                each control step, oldest first.

        Raises:
            UserError: if a state is not finite, or if states of the history are missing.
        """
        self._remember(np.asarray(states, float))
        key = jax.random.fold_in(self._key, self._count)
        self._search, plan = self._plan_next(self._search, key, self._states, self._past)
        self.plan, self._count = as_float64(plan), self._count + 1
        action = self.plan.actions[0]
        self._past = np.concatenate([self._past, np.tile(action, (self.problem.repeat, 1))])
        return action

    def close(self) -> None:
        """Release the threads of the predictor."""
        self.predictor.close()

    def _remember(self, states: Float[np.ndarray, "*n S"]) -> None:
        """Append new states. At the beginning, the first state and the default action are repeated."""
        history, env = self.predictor.history, self.problem.env
        if states.ndim not in (1, 2) or states.shape[-1] != env.state_dim or not len(states):
            raise UserError(f"states must have shape ({env.state_dim},) or (n, {env.state_dim})", "states")
        if not np.isfinite(states).all():
            raise UserError("states must be finite, but a measurement is NaN or infinite", "states")
        states = states.reshape(-1, env.state_dim)
        if not len(self._states):
            states = np.concatenate([np.repeat(states[:1], max(history - len(states), 0), axis=0), states])
            self._past = np.tile(env.default_action, (len(states) - 1, 1))
        elif history > 1 and len(states) != self.problem.repeat:
            raise UserError(
                f"states must contain the {self.problem.repeat} states since the last call, because the model has a "
                f"history of {history} states; now there are {len(states)}",
                "states",
            )
        self._states = np.concatenate([self._states, states])[-history:]
        self._past = self._past[len(self._past) - (history - 1) :]


class RandomPolicy:
    """Uniform random actions, a new one in each period."""

    plan: Plan | None = None

    def __init__(self, problem: Problem):
        self._bounds = problem.env.action_bounds
        self.reset(0)

    def reset(self, seed: int) -> None:
        """Begin an episode."""
        self._rng = np.random.default_rng(seed)

    def __call__(self, states: Float[np.ndarray, "*n S"]) -> Float[np.ndarray, " A"]:
        """Return the action of the next period."""
        return self._rng.uniform(*self._bounds)
