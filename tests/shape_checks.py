"""Type checker of the annotations of the package, for the import hook of jaxtyping in `conftest.py`."""

import warnings
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from beartype import BeartypeConf, FrozenDict, beartype
from beartype.roar import (
    BeartypeDecorHintPep585DeprecationWarning,
    BeartypeDecorHintPep673Exception,
    BeartypeDecorHintPep3119Exception,
)

F = TypeVar("F", bound=Callable)

# Scalars of NumPy are numbers, and an integer is accepted for a float, as pyright does.
NUMBERS = {int: int | np.integer, float: float | int | np.floating | np.integer, bool: bool | np.bool_}
CONFIG = BeartypeConf(hint_overrides=FrozenDict(NUMBERS))


def check(function: F) -> F:
    """Return `function` with checked annotations; one annotated with `Self` or with a protocol stays unchecked."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", BeartypeDecorHintPep585DeprecationWarning)  # from classes of OmegaConf
        try:
            return beartype(conf=CONFIG)(function)
        except (BeartypeDecorHintPep673Exception, BeartypeDecorHintPep3119Exception):
            return function
