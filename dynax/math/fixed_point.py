"""Fixed points of a function of a vector."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

MAX_ITERATIONS = 40  # calls of the function
MEMORY = 6  # last calls from which the next argument is extrapolated
MIN_ERROR_RATIO = 1e-10  # of the singular values of the errors of these calls
MAX_CHANGE = 1e-11  # relative change at which the iteration ends

Measured = Callable[[Float[np.ndarray, " n"]], tuple[Float[np.ndarray, " n"], Bool[np.ndarray, " n"]]]


class FixedPoint(NamedTuple):
    """The result of an iteration."""

    point: Float[np.ndarray, " n"]  # value of the last call
    changes: list[float]  # largest relative change of a measured entry in each call

    @property
    def converged(self) -> bool:
        """Whether the measured entries no longer change."""
        return self.changes[-1] < MAX_CHANGE


def fixed_point(function: Measured, start: Float[np.ndarray, " n"]) -> FixedPoint:
    """Iterate a function of a vector, with Anderson's acceleration.

    It extrapolates the next argument from the last calls (Walker and Ni 2011, Anderson Acceleration for Fixed-Point
    Iterations). For a linear function of a few variables, the result is exact after one call more than variables.

    Args:
        function: function from a vector to the next vector, and to the mask of its measured entries. The iteration ends
            when these no longer change.
        start: first argument.
    """
    argument, arguments, values = start, np.empty((0, len(start))), np.empty((0, len(start)))
    changes: list[float] = []
    while True:
        value, measured = function(argument)
        changes.append(float(np.abs(value - argument)[measured].max() / np.abs(value[measured]).max()))
        found = FixedPoint(value, changes)
        if found.converged or len(changes) == MAX_ITERATIONS:
            return found
        arguments = np.vstack([argument, arguments[: MEMORY - 1]])
        values = np.vstack([value, values[: MEMORY - 1]])
        errors = values - arguments
        shares = np.linalg.lstsq((errors[1:] - errors[0]).T, -errors[0], rcond=MIN_ERROR_RATIO)[0]
        argument = value + shares @ (values[1:] - value)
