"""The residuals that second-order fine-tuning minimizes, and their derivatives.

- one step: the error of the normalized target;
- several steps: the simulation error, which is the error of the positions along an open-loop prediction, in standard
  deviations of the positions. Velocities do not enter, because those of a log are estimated or noisy. Noise biases
  one-step errors, but hardly simulation errors (Nelles 2020, Nonlinear System Identification, section 1.1.5).

Axes: P parameters, K steps, n positions, R entries of a residual, h history, S state, A action,
D target, O parameters that are not of the observer.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Int, PyTree

from dynax.architectures.structured import StructuredDynamicsModel
from dynax.base import BaseDynamicsModel, Variables
from dynax.components import rollout as open_loop
from dynax.training.samples import Samples, window
from dynax.training.training_set import TrainingSet

Function = Callable[[jax.Array, Samples, jax.Array], jax.Array]  # of theta, samples and a window end


@dataclass(frozen=True, eq=False)
class Parameters:
    """The vector of parameters that is fitted.

    Attributes:
        start: the vector to start from.
        variables: function from a vector to the variables of the model.
        observer: entries of the vector that only the first state of a prediction depends on.
    """

    start: Float[Array, " P"]
    variables: Callable[[jax.Array], Variables]
    observer: Int[np.ndarray, " O"]

    @classmethod
    def of(
        cls,
        free: PyTree,
        to_params: Callable[[PyTree], PyTree],
        normalization: Variables,
    ) -> "Parameters":
        """Return the vector of free parameters.

        Args:
            free: the parameters, or numbers from which they follow.
            to_params: function from these numbers to the parameters; it leaves those of the observer unchanged.
            normalization: statistics in the precision of the vector.
        """
        theta, unravel = ravel_pytree(free)
        indices: Any = unravel(jnp.arange(theta.size, dtype=theta.dtype))
        observer = np.asarray(indices.get("observer", np.zeros(0))).ravel().astype(np.int32)
        variables = lambda x: {"params": to_params(unravel(x)), "normalization": normalization}  # noqa: E731
        return cls(theta, variables, observer)


@dataclass(frozen=True)
class Residual:
    """The residual of a prediction and its derivative."""

    value: Function  # to the residual (R,)
    linear: Callable[[jax.Array, Samples, jax.Array], tuple[jax.Array, jax.Array]]  # to its derivative (R, P), and it
    entries: int  # R


def residual(train: TrainingSet, parameters: Parameters, horizon: int) -> Residual:
    """Return the residual of predictions of `horizon` steps."""
    model = train.model
    if horizon == 1:
        value = one_step_error(model, parameters)
        return Residual(value, _derivative(value, jax.jacrev), len(train.normalization["target"]["std"]))
    entries = horizon * len(positions(model))
    is_markov = isinstance(model, StructuredDynamicsModel) and model.unconstrained_inputs == 1  # after the first step
    if is_markov and model.ensemble_size == 1:
        return _of_equations(train, parameters, horizon, entries)
    value = simulation_error(train, parameters, horizon)
    return Residual(value, _derivative(value, _faster(parameters.start.size, entries)), entries)


def one_step_error(model: BaseDynamicsModel, parameters: Parameters) -> Function:
    """Return the function from a window end to the error (D,) of the normalized target."""

    def error(theta: Float[Array, " P"], samples: Samples, end: Int[Array, ""]) -> Float[Array, " D"]:
        rows, variables = end + jnp.arange(1 - model.history, 1), parameters.variables(theta)
        target = variables["normalization"]["target"]
        change = model.predict_delta(variables, samples.states[rows][None], samples.actions[rows][None])
        change = change.mean(axis=0)[0]
        last = change[-1] if model.sequence else change
        return (last - target["mean"]) / target["std"] - samples.targets[end]

    return error


def simulation_error(train: TrainingSet, parameters: Parameters, steps: int) -> Function:
    """Return the function from a window end to the errors (R,) of the observed positions after it."""

    def error(theta: Float[Array, " P"], samples: Samples, end: Int[Array, ""]) -> Float[Array, " R"]:
        variables = parameters.variables(theta)
        states, actions, truth = window(train.model, variables["normalization"], samples, end[None], steps)
        return _position_errors(train, truth, train.model.simulate(variables, states, actions)[:, 1:]).ravel()

    return error


def _of_equations(train: TrainingSet, parameters: Parameters, steps: int, entries: int) -> Residual:
    """Return the residual of a model of equations of motion, whose derivative is cheap for two reasons.

    The sensitivities of the states follow from the derivatives of single steps (Hairer, Norsett and Wanner 1993,
    Solving Ordinary Differential Equations I, section II.6). A step has few derivatives with respect to the state. The
    parameters of the observer only influence the first state, so that the chain rule gives their derivatives.
    """
    model: Any = train.model
    others = np.setdiff1d(np.arange(parameters.start.size, dtype=np.int32), parameters.observer)

    def first(theta: Float[Array, " P"], states: Float[Array, "h S"], actions: Float[Array, "h A"]) -> jax.Array:
        variables = parameters.variables(theta)
        return model.member.first_state(variables["normalization"], variables["params"], states, actions)

    def inputs(theta: jax.Array, samples: Samples, end: jax.Array) -> tuple[tuple[jax.Array, ...], Any]:
        normalization = parameters.variables(theta)["normalization"]
        states, actions, truth = (x[0] for x in window(model, normalization, samples, end[None], steps))
        return (states, actions[: model.history]), (actions[model.history - 1 :], truth)

    def value(theta: jax.Array, samples: Samples, end: jax.Array) -> jax.Array:
        history, (actions, truth) = inputs(theta, samples, end)
        state, variables = first(theta, *history), parameters.variables(theta)
        path = open_loop.rollout(partial(model.predict, variables), state[None, None], actions[None])[0, 1:]
        return _position_errors(train, truth, path).ravel()

    def linear(theta: jax.Array, samples: Samples, end: jax.Array) -> tuple[jax.Array, jax.Array]:
        history, future = inputs(theta, samples, end)
        variables = lambda chosen: parameters.variables(theta.at[others].set(chosen))  # noqa: E731
        slope, error = _sensitivities(train, variables, theta[others], first(theta, *history), *future)
        of_others, of_state = slope[:, : len(others)], slope[:, len(others) :]
        return (of_state @ jax.jacrev(first)(theta, *history)).at[:, others].add(of_others), error

    return Residual(value, linear, entries)


def _sensitivities(
    train: TrainingSet,
    variables: Callable[[jax.Array], Variables],
    theta: Float[Array, " O"],
    first: Float[Array, " S"],
    actions: Float[Array, "K A"],
    truth: Float[Array, "K S"],
) -> tuple[Float[Array, "R Q"], Float[Array, " R"]]:
    """Return the errors of a prediction, and their derivatives with respect to `theta` and `first`, Q = O + S.

    Args:
        train: the training set.
        variables: function from parameters to the variables of the model.
        theta: the parameters.
        first: the first state.
        actions: the actions.
        truth: the true states.
    """
    model, size = train.model, theta.size
    normalization = variables(theta)["normalization"]
    params = variables(theta)["params"]
    slopes = jax.jacfwd(lambda x: variables(x)["params"])(theta)  # arrays with a last axis of length O

    def step(carry: tuple[jax.Array, jax.Array], given: tuple[jax.Array, jax.Array]) -> tuple[Any, Any]:
        (state, slope), (action, true) = carry, given

        def following(params: Any, state: jax.Array) -> jax.Array:
            inputs = state[None, None], action[None, None]
            return model.predict({"params": params, "normalization": normalization}, *inputs)[0]

        def directional(direction: Any) -> jax.Array:
            return jax.jvp(lambda x: following(x, state), (params,), (direction,))[1]

        of_state, after = _derivative(following, jax.jacfwd, argnums=1)(params, state)
        slope = (of_state @ slope).at[:, :size].add(jax.vmap(directional, -1, -1)(slopes))
        of_error, error = _derivative(partial(_position_errors, train, true), jax.jacfwd)(after)
        return (after, slope), (of_error @ slope, error)

    identity = jnp.concatenate([jnp.zeros((first.size, size)), jnp.eye(first.size)], axis=1)
    _, (slope, error) = jax.lax.scan(step, (first, identity), (actions, truth))
    return slope.reshape(-1, identity.shape[1]), error.ravel()


def _derivative(function: Callable[..., jax.Array], jacobian: Any, **options: Any) -> Any:
    """Return the function to the derivative and the value, which are computed together."""
    return jacobian(lambda *arguments: (function(*arguments),) * 2, has_aux=True, **options)


def _faster(inputs: int, outputs: int) -> Any:
    """Return the transformation that computes a Jacobian of this size faster."""
    return jax.jacfwd if inputs <= outputs else jax.jacrev


def _position_errors(train: TrainingSet, truth: Float[Array, "*b S"], path: Float[Array, "*b S"]) -> jax.Array:
    """Return the errors of the observed positions (*b, n), in their standard deviations."""
    chosen = positions(train.model)
    return train.model.env.space.difference(truth, path)[..., chosen] / train.state_std[chosen]


def positions(model: BaseDynamicsModel) -> Int[np.ndarray, " n"]:
    """Return the tangent coordinates of the observed positions."""
    return np.flatnonzero(model.observed[: model.env.space.nv])
