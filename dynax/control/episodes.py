"""Episodes of a controller on the true plant, C MuJoCo in float64."""

import time
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from dynax.control.controller import Policy
from dynax.control.planning import Plan
from dynax.control.problem import Problem
from dynax.control.tasks import rewards
from dynax.data import native
from dynax.data.simulate import diverged
from dynax.math.precision import in_single_precision


@dataclass(frozen=True, eq=False)
class Episode:
    """The course of an episode."""

    states: Float[np.ndarray, "T1 S"]  # true states; the first is the initial state
    actions: Float[np.ndarray, "T A"]  # executed actions
    rewards: Float[np.ndarray, " T"]  # rewards of the control steps; 0 after a divergence
    success: bool
    planning_s: Float[np.ndarray, " P"]  # duration of each plan, s
    plans: tuple[Plan, ...]  # all plans; empty if they were not kept

    @property
    def total(self) -> float:
        """The return: the sum of the rewards."""
        return float(self.rewards.sum())


def run_episode(
    problem: Problem,
    policy: Policy,
    state: Float[np.ndarray, " S"],
    seconds: float,
    seed: int,
    keep_plans: bool = False,
) -> Episode:
    """Run an episode.

    Args:
        problem: the task and the robot.
        policy: the controller.
        state: the initial state.
        seconds: length of the episode, s.
        seed: seed of the controller.
        keep_plans: whether the episode contains the plans.
    """
    env, repeat = problem.env, problem.repeat
    periods = max(1, round(seconds / (repeat * env.dt)))
    states = np.full((periods * repeat + 1, env.state_dim), np.nan)
    actions = np.zeros((periods * repeat, env.action_dim))
    states[0], plans, planning = state, [], []
    policy.reset(seed)
    with native.control_steps(env) as advance:
        for k in range(periods):
            now = k * repeat
            start = time.perf_counter()
            action = policy(states[now - repeat + 1 : now + 1] if k else states[:1])
            planning.append(time.perf_counter() - start)
            plans += [policy.plan] if keep_plans and policy.plan else []
            actions[now : now + repeat] = action
            path = advance(states[now : now + 1], actions[None, now : now + repeat])[0]
            states[now + 1 : now + repeat + 1] = path
            if diverged(path[None])[0]:
                break
    gained = _rewards(problem, states, actions)
    finite = bool(np.isfinite(states).all())
    success = finite and problem.task.success(env, states, gained)
    return Episode(states, actions, gained, success, np.array(planning), tuple(plans))


@in_single_precision
def _rewards(
    problem: Problem, states: Float[np.ndarray, "T1 S"], actions: Float[np.ndarray, "T A"]
) -> Float[np.ndarray, " T"]:
    """Return the rewards; those of undefined states are 0."""
    gained = rewards(problem.task, problem.env, *(jnp.asarray(x, jnp.float32) for x in (states, actions)))
    return np.nan_to_num(np.asarray(gained, float), nan=0.0)
