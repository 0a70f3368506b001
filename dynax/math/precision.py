"""Single precision for models, independent of the configuration of JAX."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import jax

P = ParamSpec("P")
T = TypeVar("T")


def in_single_precision(function: Callable[P, T]) -> Callable[P, T]:
    """Return the function with JAX's default precision of float32, even if the user has set `jax_enable_x64`.

    Models and optimizers are float32. With `jax_enable_x64`, constants and NumPy arrays would be float64, and results
    would have other precisions than the state of a loop.
    """

    @wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        with jax.enable_x64(False):
            return function(*args, **kwargs)

    return wrapped
