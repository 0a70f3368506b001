"""Type checker of the annotations of the package, for the import hook of jaxtyping in `conftest.py`."""

import warnings
from collections.abc import Callable
from typing import Any, TypeVar, get_args

import numpy as np
from beartype import BeartypeConf, FrozenDict, beartype
from beartype.roar import (
    BeartypeDecorHintPep585DeprecationWarning,
    BeartypeDecorHintPep673Exception,
    BeartypeDecorHintPep3119Exception,
)
from jaxtyping import AbstractArray

F = TypeVar("F", bound=Callable)

# Scalars of NumPy are numbers, and an integer is accepted for a float, as pyright does.
NUMBERS = {int: int | np.integer, float: float | int | np.floating | np.integer, bool: bool | np.bool_}
CONFIG = BeartypeConf(hint_overrides=FrozenDict(NUMBERS))


def has_arrays(hint: Any) -> bool:
    """Return whether a type annotation contains an array with a shape."""
    return (isinstance(hint, type) and issubclass(hint, AbstractArray)) or any(map(has_arrays, get_args(hint)))


def check(function: F) -> F:
    """Return `function` with checked annotations, if one of them is an array.

    A function that is annotated with `Self` or with a protocol stays unchecked.
    """
    if not any(map(has_arrays, getattr(function, "__annotations__", {}).values())):
        return function
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BeartypeDecorHintPep585DeprecationWarning)  # from classes of OmegaConf
        try:
            return beartype(conf=CONFIG)(function)
        except (BeartypeDecorHintPep673Exception, BeartypeDecorHintPep3119Exception):
            return function
