"""An environment around a trained model, as pure functions in JAX.

    env = dynax.gym.functional(run, "swing_up")
    state = jax.jit(env.reset)(key)
    state = jax.jit(env.step)(state, action)

Both functions can be compiled and vectorized, and training libraries in JAX can scan over them.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from dynax.control.tasks import Task, rewards
from dynax.errors import UserError, check_range
from dynax.excitations.excitation import steps_of
from dynax.gym.simulated import Robot
from dynax.gym.trust import TrustTest
from dynax.math.arrays import AnyArray, Leaf
from dynax.math.precision import in_single_precision
from dynax.trained import TrainedModel

LIMIT = 1e4  # largest magnitude of an observation; an episode ends beyond it
POOL = 1024  # initial states that are drawn in advance


class State(NamedTuple):
    """The state of an environment, with the results of its last step."""

    history: Leaf  # last states (h, S), oldest first
    members: Leaf  # the same for each ensemble member (E, h, S), with a trust test; otherwise without members
    past: Leaf  # actions of these states but the last, (h - 1, A), in physical units
    steps: Leaf  # steps since the reset
    observation: Leaf  # (O,)
    reward: Leaf  # sum of the rewards of the control steps
    terminated: Leaf  # whether the episode has ended by the task, or by a prediction that diverges
    truncated: Leaf  # whether the episode has reached its length, or the trust horizon


@dataclass(frozen=True, eq=False)
class FunctionalEnv:
    """An environment in which a trained model takes the place of the robot, or C MuJoCo for tests.

    An action is in [-1, 1], and is scaled to the action range of the robot. An observation consists of the positions,
    with cosine and sine of each angle without limits, then the velocities and activations.
    """

    trained: Robot
    task: Task
    initial: Float[np.ndarray, "P S"]  # states from which an episode may begin
    seconds: float  # length of an episode, s
    period: float  # duration of a step, s; the action is constant in it
    trust: float | None = None  # expected normalized error that ends an episode, standard deviations; only of ensembles

    def __post_init__(self):
        check_range("seconds", self.seconds, 0, open_low=True)
        check_range("period", self.period, 0, open_low=True)
        self.task.check(self.trained.env)
        _ = self.trust_test  # raises for models without a calibration

    @property
    def repeat(self) -> int:
        """Number of control steps per step of the environment."""
        return steps_of(self.period, self.trained.env.dt)

    @property
    def max_steps(self) -> int:
        """Number of steps of an episode."""
        return steps_of(self.seconds, self.repeat * self.trained.env.dt)

    @cached_property
    def trust_test(self) -> TrustTest | None:
        """The test that ends an episode at the trust horizon.

        Raises:
            UserError: if the model is no calibrated ensemble.
        """
        if self.trust is None:
            return None
        check_range("trust", self.trust, 0, open_low=True)
        if not isinstance(self.trained, TrainedModel):
            raise UserError("trust needs predictor=model, because MuJoCo has no uncertainty", "trust")
        return TrustTest(self.trained, self.max_steps * self.repeat, self.trust)

    @cached_property
    def observation_bounds(self) -> Float[np.ndarray, " O"]:
        """The largest magnitude of each entry of an observation: 1 for cosine and sine."""
        wrapped = int(self.trained.env.space.wrapped.sum())
        return np.concatenate([np.ones(2 * wrapped), np.full(self.trained.env.state_dim - wrapped, LIMIT)])

    def observe(self, state: Float[AnyArray, " S"]) -> Float[Array, " O"]:
        """Return the observation of a state, within its bounds."""
        space = self.trained.env.space
        turning = np.zeros(space.dim, bool)
        for q, v, is_orientation in space.blocks:
            if not is_orientation:
                turning[q] = space.wrapped[v]
        angles, rest = state[turning], jnp.clip(state[~turning], -LIMIT, LIMIT)
        return jnp.nan_to_num(jnp.concatenate([jnp.cos(angles), jnp.sin(angles), rest]), nan=0.0)

    @in_single_precision
    def reset(self, key: jax.Array) -> State:
        """Return the state at the beginning of an episode."""
        env, h = self.trained.env, self.trained.history_length
        pool = jnp.asarray(self.initial, jnp.float32)
        first = pool[jax.random.randint(key, (), 0, len(self.initial))]
        past = jnp.tile(jnp.asarray(env.default_action, jnp.float32), (h - 1, 1))
        no = jnp.zeros((), bool)
        zero = jnp.zeros((), jnp.float32)
        history = jnp.tile(first, (h, 1))
        members = self.trust_test.start(history) if self.trust_test else jnp.zeros((0, *history.shape))
        return State(history, members, past, jnp.zeros((), jnp.int32), self.observe(first), zero, no, no)

    @in_single_precision
    def step(self, state: State, action: Float[AnyArray, " A"]) -> State:
        """Return the state after an action in [-1, 1] of one period."""
        env, h = self.trained.env, self.trained.history_length
        low, high = (jnp.asarray(bound, jnp.float32) for bound in env.action_bounds)
        scaled = jnp.tile((low + high) / 2 + jnp.clip(action, -1, 1) * (high - low) / 2, (self.repeat, 1))
        actions = jnp.concatenate([state.past, scaled])
        path = self.trained.rollout(state.history[None], actions[None])[0]
        reward = rewards(self.task, env, path, scaled).sum()
        finite = jnp.isfinite(reward) & (jnp.abs(path) < LIMIT).all()
        steps, members, lost = state.steps + 1, state.members, jnp.zeros((), bool)
        if self.trust_test:
            members = self.trust_test.advance(members, actions, state.steps * self.repeat)
            lost = self.trust_test.lost(members, path[-1], steps * self.repeat)
        return State(
            history=jnp.concatenate([state.history, path[1:]])[-h:],
            members=members,
            past=actions[len(actions) - (h - 1) :],
            steps=steps,
            observation=self.observe(path[-1]),
            reward=jnp.where(finite, reward, 0.0),
            terminated=~finite | self.task.terminated(env, env.space.qpos(path[-1]), env.space.qvel(path[-1])),
            truncated=lost | (steps >= self.max_steps),
        )
