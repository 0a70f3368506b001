"""L-BFGS (Liu and Nocedal 1989) with a zoom line search."""

from typing import Any

import jax
import jax.numpy as jnp
import optax
from jaxtyping import Array, Float, Int, PyTree

from dynax.base import BaseDynamicsModel, Variables
from dynax.config.schema import TrainingConfig
from dynax.training import losses
from dynax.training.samples import Samples

MAX_LINE_SEARCH_STEPS = 12  # function evaluations per line search
MEMORY_SIZE = 20  # past steps that approximate the Hessian


def lbfgs(
    model: BaseDynamicsModel, variables: Variables, samples: Samples, ends: Int[Array, " V"], config: TrainingConfig
) -> tuple[PyTree, float]:
    """Take `config.finetune_steps` steps and return the best parameters among all steps.

    Close to the precision of float32 a line search fails and a step may raise the loss.

    Args:
        model: the model.
        variables: variables to start from.
        samples: the transitions.
        ends: transitions to fit.
        config: number of steps and loss.

    Returns:
        params: the parameters.
        loss: their mean squared error on the fitted transitions.
    """
    normalization = variables["normalization"]
    linesearch = optax.scale_by_zoom_linesearch(max_linesearch_steps=MAX_LINE_SEARCH_STEPS)
    optimizer = optax.lbfgs(memory_size=MEMORY_SIZE, linesearch=linesearch)

    @jax.jit
    @jax.default_matmul_precision("highest")
    def run(params: PyTree, samples: Samples, ends: jax.Array) -> tuple[PyTree, jax.Array]:
        def errors(params: PyTree) -> jax.Array:
            return losses.one_step(model, {"params": params, "normalization": normalization}, samples, ends)

        scale = losses.outlier_scale(errors(params))

        def objective(params: PyTree) -> Float[Array, ""]:
            return losses.cauchy(errors(params), scale) if config.loss == "cauchy" else losses.mse(errors(params))

        def step(carry: Any, _: None) -> tuple[Any, None]:
            params, state, best = carry
            value, gradient = optax.value_and_grad_from_state(objective)(params, state=state)
            best = _better(best, params, jnp.asarray(value))
            change, state = optimizer.update(gradient, state, params, value=value, grad=gradient, value_fn=objective)
            return (optax.apply_updates(params, change), state, best), None

        start = params, optimizer.init(params), (params, jnp.float32(jnp.inf))
        (params, _, best), _ = jax.lax.scan(step, start, None, config.finetune_steps)
        params, _ = _better(best, params, objective(params))
        return params, losses.mse(errors(params))

    params, error = run(variables["params"], samples, ends)
    return params, float(error)


def _better(
    best: tuple[PyTree, Float[Array, ""]], params: PyTree, value: Float[Array, ""]
) -> tuple[PyTree, Float[Array, ""]]:
    """Return the parameters with the lower loss, and the loss."""
    return jax.tree.map(lambda old, new: jnp.where(value < best[1], new, old), best, (params, value))
