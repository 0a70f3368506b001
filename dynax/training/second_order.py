"""Polishing: second-order steps on many transitions at once, where first-order training has come to rest.

Axes: M transitions, P parameters, D target.
"""

import logging
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.flatten_util import ravel_pytree

from dynax.architectures.rigid import RigidDynamicsModel
from dynax.base import BaseDynamicsModel, Variables
from dynax.config.schema import TrainingConfig
from dynax.data.trajectories import Trajectories
from dynax.errors import UserError
from dynax.identification import least_squares as identification
from dynax.training import losses
from dynax.training import training_set as samples_of
from dynax.training.training_set import Samples

log = logging.getLogger(__name__)

SAMPLES = {"levenberg_marquardt": 20_000, "lbfgs": 100_000}  # transitions at most: few parameters need few
CHUNK = 2_000  # of them whose Jacobian is held at once
LARGEST = 4_000  # parameters whose normal equations Levenberg-Marquardt solves
EASIER, HARDER = 1 / 5, 6.0  # what a step that lowered the cost, and one that did not, does to the damping
RESOLUTION = 1e-17  # a mean squared error that float32, in which predictions are made, cannot tell from none
SEARCH = 12  # evaluations along a line of L-BFGS, at most: the first step is short, and near the floor all are in vain
GIVE_UP = 1e8  # damping beyond which no step lowers the cost any more


def finetune(
    model: BaseDynamicsModel, variables: Variables, data: Trajectories, config: TrainingConfig, key: jax.Array
) -> tuple[Any, float]:
    """The polished parameters, and their mean squared error in units of the targets' variance.

    `key` picks at most `SAMPLES` transitions of `data`.

    Raises:
        UserError: for Levenberg-Marquardt on more than `LARGEST` parameters.
    """
    if config.finetune == "least_squares":
        return least_squares(model, variables, data, config)
    normalization = variables["normalization"]
    ends = np.asarray(
        jax.random.permutation(key, samples_of.window_ends(data, model.history))[: SAMPLES[config.finetune]]
    )
    if config.finetune == "lbfgs":
        return lbfgs(model, variables, samples_of.prepare(model, data, normalization), ends, config)
    with jax.enable_x64(True):
        samples = samples_of.prepare(model, data, normalization, np.float64)
        return levenberg_marquardt(model, variables, samples, ends, config)


def check(model: BaseDynamicsModel, params: Any, config: TrainingConfig) -> None:
    """Raise `UserError` where the polish that `config` asks for does not suit the model, or its many parameters."""
    if (config.finetune == "least_squares") != isinstance(model, RigidDynamicsModel):
        raise UserError(
            f"training.finetune={config.finetune} does not suit this model: least_squares finds the constants of "
            "model=rigid, and nothing else does"
        )
    count = sum(x.size for x in jax.tree.leaves(params))
    if config.finetune == "levenberg_marquardt" and count > LARGEST:
        raise UserError(
            f"training.finetune=levenberg_marquardt solves for all parameters at once, at most {LARGEST}, "
            f"and the model has {count}: use lbfgs or none"
        )


def levenberg_marquardt(
    model: BaseDynamicsModel, variables: Variables, samples: Samples, ends: np.ndarray, config: TrainingConfig
) -> tuple[Any, float]:
    """At most `config.finetune_steps` of Levenberg-Marquardt (Marquardt 1963), by iterated reweighting if robust.

    It fits the transitions at `ends` (M,), in float64: `jax.enable_x64` must be on, and `samples` made under it.
    """
    chunk = min(CHUNK, len(ends))
    chunks = ends[: len(ends) // chunk * chunk].reshape(-1, chunk)
    double = lambda tree: jax.tree.map(lambda x: jnp.asarray(x, jnp.float64), tree)  # noqa: E731
    theta, unravel = ravel_pytree(double(variables["params"]))
    squared, normal_equations = _least_squares_problem(model, unravel, double(variables["normalization"]))

    data = samples, jnp.asarray(chunks)  # as arguments: of constants XLA makes more constants, slowly
    damping, errors = 1e-3, squared(theta, *data)
    for step in range(config.finetune_steps):
        if jnp.mean(errors) < RESOLUTION:
            break
        scale = losses.outlier_scale(errors, 1e-30) if config.loss == "cauchy" else jnp.float64(1e30)
        matrix, slope = normal_equations(theta, *data, scale)
        cost = losses.cauchy(errors, scale)
        diagonal = jnp.diag(matrix) + 1e-12 * jnp.diag(matrix).max()
        while damping < GIVE_UP:
            trial = theta - jnp.linalg.solve(matrix + damping * jnp.diag(diagonal), slope)
            there = squared(trial, *data)
            if losses.cauchy(there, scale) < cost:
                theta, errors, damping = trial, there, max(damping * EASIER, 1e-12)
                if step % 20 == 0:
                    log.info("polish: step %d of at most %d, loss %.1e", step, config.finetune_steps, jnp.mean(errors))
                break
            damping *= HARDER
        else:
            break
    single = jax.tree.map(lambda x: np.asarray(x, np.float32), unravel(theta))
    return single, float(jnp.mean(errors))


def _least_squares_problem(
    model: BaseDynamicsModel, unravel: Callable[[jax.Array], Any], normalization: Variables
) -> tuple[Callable[..., jax.Array], Callable[..., tuple[jax.Array, jax.Array]]]:
    """Of parameters (P,), samples and chunks of ends (K, chunk): the squared errors (M,), and the normal equations."""
    target = normalization["target"]

    def residual(theta: jax.Array, samples: Samples, end: jax.Array) -> jax.Array:
        rows = end + jnp.arange(1 - model.history, 1)
        now = {"params": unravel(theta), "normalization": normalization}
        change = model.predict_delta(now, samples.states[rows][None], samples.actions[rows][None]).mean(axis=0)[0]
        last = change[-1] if model.sequence else change
        return (last - target["mean"]) / target["std"] - samples.targets[end]

    each = jax.vmap(residual, (None, None, 0))
    jacobians = jax.vmap(jax.jacrev(residual), (None, None, 0))

    @jax.jit
    def squared(theta: jax.Array, samples: Samples, chunks: jax.Array) -> jax.Array:
        return jax.lax.map(lambda rows: jnp.mean(each(theta, samples, rows) ** 2, axis=-1), chunks).ravel()

    @jax.jit
    def normal_equations(
        theta: jax.Array, samples: Samples, chunks: jax.Array, scale: jax.Array
    ) -> tuple[jax.Array, jax.Array]:
        """J^T W J (P, P) and J^T W r (P,)."""

        def add(total, rows):
            r = each(theta, samples, rows)
            jacobian = jacobians(theta, samples, rows)  # (chunk, D, P)
            weight = 1 / (1 + jnp.mean(r**2, axis=-1) / scale)
            weighted = (jacobian * weight[:, None, None]).reshape(-1, theta.size)
            return (total[0] + weighted.T @ jacobian.reshape(-1, theta.size), total[1] + weighted.T @ r.ravel()), None

        zero = jnp.zeros((theta.size, theta.size)), jnp.zeros(theta.size)
        return jax.lax.scan(add, zero, chunks)[0]

    return squared, normal_equations


def least_squares(
    model: BaseDynamicsModel, variables: Variables, data: Trajectories, config: TrainingConfig
) -> tuple[Any, float]:
    """The constants of a model that is linear in them, by `identification`, and their error on many transitions."""
    assert isinstance(model, RigidDynamicsModel)
    found = identification.identify(model, data, config.seed)
    params = {**variables["params"], "network": identification.parameters(model, found)}
    now, some = {**variables, "params": params}, samples_of.window_ends(data, model.history)[: SAMPLES["lbfgs"]]
    samples = samples_of.prepare(model, data, variables["normalization"])
    squared = jax.jit(losses.one_step, static_argnums=0)(model, now, samples, jnp.asarray(some))
    return params, float(losses.mse(squared))


def lbfgs(
    model: BaseDynamicsModel, variables: Variables, samples: Samples, ends: np.ndarray, config: TrainingConfig
) -> tuple[Any, float]:
    """`config.finetune_steps` of L-BFGS (Liu and Nocedal 1989) with a line search, on the transitions at `ends` (M,).

    The best parameters on the way are kept: near the floor of float32 a search finds nothing, and steps anywhere.
    """
    normalization = variables["normalization"]
    optimizer = optax.lbfgs(memory_size=20, linesearch=optax.scale_by_zoom_linesearch(max_linesearch_steps=SEARCH))

    @jax.jit
    @jax.default_matmul_precision("highest")
    def run(params: Any, samples: Samples, ends: jax.Array) -> tuple[Any, jax.Array]:
        def errors(params: Any) -> jax.Array:
            return losses.one_step(model, {"params": params, "normalization": normalization}, samples, ends)

        scale = losses.outlier_scale(errors(params))

        def objective(params: Any) -> jax.Array:
            return losses.cauchy(errors(params), scale) if config.loss == "cauchy" else losses.mse(errors(params))

        def better(best: tuple[Any, jax.Array], params: Any, value: jax.Array) -> tuple[Any, jax.Array]:
            return jax.tree.map(lambda old, new: jnp.where(value < best[1], new, old), best, (params, value))

        def step(carry, _):
            params, state, best = carry
            value, gradient = optax.value_and_grad_from_state(objective)(params, state=state)
            best = better(best, params, jnp.asarray(value))
            change, state = optimizer.update(gradient, state, params, value=value, grad=gradient, value_fn=objective)
            return (optax.apply_updates(params, change), state, best), None

        start = params, optimizer.init(params), (params, jnp.float32(jnp.inf))
        (params, _, best), _ = jax.lax.scan(step, start, None, config.finetune_steps)
        params, _ = better(best, params, objective(params))
        return params, losses.mse(errors(params))

    params, error = run(variables["params"], samples, jnp.asarray(ends))
    return params, float(error)
