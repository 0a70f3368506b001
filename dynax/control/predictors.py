"""Predictors of a planner: a trained model, or MuJoCo with the true plant."""

from contextlib import ExitStack
from functools import partial
from typing import Any, Protocol, cast

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from dynax.base import BaseDynamicsModel
from dynax.data import mjx, native
from dynax.envs import Env
from dynax.errors import UserError, check_choice
from dynax.math.arrays import AnyArray
from dynax.trained import TrainedModel

NAMES = ("model", "mujoco", "mjx")


class Predictor(Protocol):
    """A function from the recent states and from candidates to predicted states."""

    env: Env
    history: int  # states that a prediction starts from, h
    compiled: bool  # whether JAX can compile the prediction
    variables: Any  # arrays that the compiled prediction needs

    def predict(
        self,
        variables: Any,
        states: Float[AnyArray, "h S"],
        past: Float[AnyArray, "h_before A"],
        actions: Float[AnyArray, "N T A"],
    ) -> Float[AnyArray, "*E N T1 S"]:
        """Return predicted states; the first is the last of `states`. Members of an ensemble are the first axis.

        Args:
            variables: the predictor's arrays.
            states: the last states, oldest first.
            past: the actions of all these states but the last.
            actions: the actions of each candidate.
        """
        ...

    def close(self) -> None:
        """Release threads."""
        ...


class LearnedPredictor:
    """A trained model.

    Args:
        trained: the model.
        propagation: how an ensemble predicts. `mean` averages its members in each step. `each` gives each particle to
            one member, `mixed` to a random member in each step (TSinf and TS1 of Chua et al. 2018, arXiv:1805.12114).

    Raises:
        UserError: for `mixed` with a model that keeps a memory.
    """

    compiled = True

    def __init__(self, trained: TrainedModel, propagation: str = "mean"):
        self.env, self.history, self.variables = trained.env, trained.history_length, trained.params
        model = trained.model
        check_propagation(model, propagation)
        rollouts = {"mean": model.rollout, "each": model.rollout_members, "mixed": partial(_mixed_rollout, model)}
        self._rollout = rollouts[propagation if model.ensemble_size > 1 else "mean"]

    def predict(self, variables: Any, states: Any, past: Any, actions: Any) -> jax.Array:
        """Return predicted states; see `Predictor`."""
        n = len(actions)
        given = jnp.concatenate([jnp.broadcast_to(past, (n, *past.shape)), actions], axis=1)
        return self._rollout(jnp.broadcast_to(states, (n, *states.shape)), given, variables)

    def close(self) -> None:
        """Do nothing, because there are no threads."""


def check_propagation(model: BaseDynamicsModel, propagation: str) -> None:
    """Raise `UserError` if the members of an ensemble cannot change their particles."""
    if propagation == "mixed" and model.has_memory:
        raise UserError(
            f"planner.propagation=mixed is not possible with model.architecture={model.architecture}, because each "
            "member keeps a memory of its own particle: use each or mean"
        )


def _mixed_rollout(model: BaseDynamicsModel, states: Any, actions: Any, variables: Any) -> jax.Array:
    """Return predictions (E, N, T1, S) in which the members change places at random, in the same way in each call."""
    steps, size = actions.shape[1] - model.history + 1, model.ensemble_size
    order = np.random.default_rng(0).permuted(np.tile(np.arange(size), (steps, 1)), axis=1)
    member = model.clone(ensemble_size=1)
    return model.ensemble.simulate_mixed(member.predict, variables, states, actions, jnp.asarray(order), seed=0)


class MjxPredictor:
    """MuJoCo on JAX, in float32."""

    compiled, history, variables = True, 1, None

    def __init__(self, env: Env):
        check("mjx", env)
        self.env, self._program = env, cast(Any, mjx.program(env))

    def predict(self, variables: Any, states: Any, past: Any, actions: Any) -> jax.Array:
        """Return predicted states; see `Predictor`."""
        first = jnp.broadcast_to(states[-1], (len(actions), states.shape[-1]))
        return jnp.concatenate([first[:, None], self._program(first, actions)], axis=1)

    def close(self) -> None:
        """Do nothing, because there are no threads."""


class MujocoPredictor:
    """C MuJoCo in float64, with one thread per core. Call `close` at the end."""

    compiled, history, variables = False, 1, None

    def __init__(self, env: Env):
        self.env, self._stack = env, ExitStack()
        self._advance = self._stack.enter_context(native.control_steps(env))

    def predict(self, variables: Any, states: Any, past: Any, actions: Any) -> np.ndarray:
        """Return predicted states; see `Predictor`."""
        first = np.broadcast_to(np.asarray(states[-1], float), (len(actions), states.shape[-1]))
        following = self._advance(first, np.asarray(actions, float))
        return np.concatenate([first[:, None], following], axis=1)

    def close(self) -> None:
        """Stop the threads."""
        self._stack.close()


def check(name: str, env: Env) -> None:
    """Raise UserError if a predictor cannot simulate a robot."""
    if name == "mjx" and (reason := mjx.unsupported_reason(env)):
        raise UserError(f"compare=mjx cannot simulate {env.name}: {reason}", "compare")


def make(name: str, trained: TrainedModel, propagation: str = "mean") -> Predictor:
    """Return the predictor `model`, `mujoco` or `mjx` of the robot of a trained model.

    Args:
        name: the predictor.
        trained: the trained model.
        propagation: how an ensemble predicts, see `LearnedPredictor`.

    Raises:
        UserError: if there is no such predictor, if MJX cannot simulate the robot, or for `mixed` with a memory.
    """
    check_choice("predictor", name, NAMES)
    if name == "model":
        return LearnedPredictor(trained, propagation)
    return MujocoPredictor(trained.env) if name == "mujoco" else MjxPredictor(trained.env)
