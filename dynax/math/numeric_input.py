"""Arrays that a user passes to Dynax: converted to NumPy arrays of finite numbers, or rejected."""

from typing import Any

import numpy as np

from dynax.errors import UserError
from dynax.math.arrays import AnyArray

MAX_VALUE = 1e10  # MuJoCo's mjMAXVAL: a simulation with a larger value is unstable


def as_numbers(name: str, values: Any) -> AnyArray:
    """Return values as an array of float32 or float64. An array of these types is returned unchanged.

    Args:
        name: the name of the argument, for messages.
        values: an array, or nested lists.

    Raises:
        UserError: if the values are no real numbers, if entries are masked, or if lists have different lengths.
    """
    if np.ma.is_masked(values):
        raise UserError(f"{name} contain masked entries: fill them, or leave out their trajectories")
    try:
        array = np.asarray(values)
    except TypeError as error:  # a JAX random key
        raise UserError(f"{name} must be numbers: {str(error).partition('.')[0]}") from None
    except ValueError:
        raise UserError(
            f"{name} are trajectories of different lengths: all of them must have the same length"
        ) from None
    if array.dtype.kind not in "fiu":
        raise UserError(f"{name} must be numbers, but their type is {array.dtype}")
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)


def first_unusable(values: AnyArray) -> tuple[int, ...] | None:
    """Return the index of the first entry that is NaN, infinite or above `MAX_VALUE`; None if there is none."""
    if not values.size or (values.min() > -MAX_VALUE and values.max() < MAX_VALUE):  # false for NaN
        return None
    return tuple(np.argwhere(~(np.abs(values) < MAX_VALUE))[0].tolist())


def check_finite(name: str, values: AnyArray) -> None:
    """Raise UserError if an entry is NaN, infinite or too large."""
    if (index := first_unusable(values)) is not None:
        place = f"{name}{list(index)}" if index else name
        raise UserError(f"{place} is {values[index]:g}: all entries must be finite and below {MAX_VALUE:g}")
