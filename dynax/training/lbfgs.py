"""L-BFGS (Liu and Nocedal 1989) with a zoom line search."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

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


class Progress(NamedTuple):
    """The position between two steps."""

    params: Any  # parameters
    state: Any  # state of the optimizer
    best: Any  # parameters with the lowest loss so far, and this loss
    step: Any  # number of steps, () int32


class LBFGS:
    """`config.finetune_steps` steps. The result is the best point among all steps.

    Close to the precision of float32 a line search fails and a step may raise the loss.

    Args:
        model: the model.
        variables: variables to start from.
        samples: the transitions.
        ends: transitions to fit.
        config: number of steps and loss.
    """

    def __init__(
        self, model: BaseDynamicsModel, variables: Variables, samples: Samples, ends: Int[Array, " V"],
        config: TrainingConfig,
    ):  # fmt: skip
        self._params, self._samples, self._ends = variables["params"], samples, ends
        self._total = config.finetune_steps
        linesearch = optax.scale_by_zoom_linesearch(max_linesearch_steps=MAX_LINE_SEARCH_STEPS)
        self._optimizer = optax.lbfgs(memory_size=MEMORY_SIZE, linesearch=linesearch)
        start, self._step, self._end = _programs(model, variables["normalization"], self._optimizer, config.loss)
        self._scale = start(variables["params"], samples, ends)

    def start(self) -> Progress:
        """Return the position before the first step."""
        params = jax.tree.map(jnp.array, self._params)
        best = jax.tree.map(jnp.array, self._params), jnp.float32(jnp.inf)
        return _strong(Progress(params, self._optimizer.init(params), best, jnp.int32(0)))

    def steps(self, progress: Progress) -> Iterator[Progress]:
        """Take the steps that are left, and yield the position after each of them."""
        for _ in range(int(progress.step), self._total):
            progress = self._step(progress, self._scale, self._samples, self._ends)
            yield jax.block_until_ready(progress)

    def result(self, progress: Progress) -> tuple[PyTree, float]:
        """Return the best parameters and their mean squared error on the fitted transitions."""
        params, error = self._end(progress, self._scale, self._samples, self._ends)
        return params, float(error)


def _programs(
    model: BaseDynamicsModel, normalization: Variables, optimizer: optax.GradientTransformationExtraArgs, loss: str
) -> tuple[Callable[..., jax.Array], Callable[..., Progress], Callable[..., tuple[PyTree, jax.Array]]]:
    """Return the scale of the loss, a step, and the evaluation of the last point as compiled functions."""

    def errors(params: PyTree, samples: Samples, ends: jax.Array) -> jax.Array:
        return losses.one_step(model, {"params": params, "normalization": normalization}, samples, ends)

    def objective(params: PyTree, scale: jax.Array, samples: Samples, ends: jax.Array) -> Float[Array, ""]:
        now = errors(params, samples, ends)
        return losses.cauchy(now, scale) if loss == "cauchy" else losses.mse(now)

    @jax.jit
    @jax.default_matmul_precision("highest")
    def start(params: PyTree, samples: Samples, ends: jax.Array) -> jax.Array:
        return losses.outlier_scale(errors(params, samples, ends))

    @jax.jit
    @jax.default_matmul_precision("highest")
    def step(progress: Progress, scale: jax.Array, samples: Samples, ends: jax.Array) -> Progress:
        params, state, best, count = progress

        def at(params: PyTree) -> Float[Array, ""]:
            return objective(params, scale, samples, ends)

        value, gradient = optax.value_and_grad_from_state(at)(params, state=state)
        best = _better(best, params, jnp.asarray(value))
        change, state = optimizer.update(gradient, state, params, value=value, grad=gradient, value_fn=at)
        return _strong(Progress(optax.apply_updates(params, change), state, best, count + 1))

    @jax.jit
    @jax.default_matmul_precision("highest")
    def end(progress: Progress, scale: jax.Array, samples: Samples, ends: jax.Array) -> tuple[PyTree, jax.Array]:
        params, _ = _better(progress.best, progress.params, objective(progress.params, scale, samples, ends))
        return params, losses.mse(errors(params, samples, ends))

    return start, step, end


def _strong(tree: PyTree) -> PyTree:
    """Return arrays without weak types, so that each step has the arguments of the same compiled program."""
    return jax.tree.map(lambda x: jax.lax.convert_element_type(x, jnp.asarray(x).dtype), tree)


def _better(
    best: tuple[PyTree, Float[Array, ""]], params: PyTree, value: Float[Array, ""]
) -> tuple[PyTree, Float[Array, ""]]:
    """Return the parameters with the lower loss, and the loss."""
    return jax.tree.map(lambda old, new: jnp.where(value < best[1], new, old), best, (params, value))
