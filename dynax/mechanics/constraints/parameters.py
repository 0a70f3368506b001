"""Reference acceleration and impedance of constraint rows, from MuJoCo's `solref` and `solimp`.

Source: MuJoCo documentation, Modeling: Solver parameters.
"""

from dataclasses import fields, replace
from typing import Any, TypeVar

import jax.numpy as jnp
import mujoco
import numpy as np
from jaxtyping import Array, Float

from dynax.math.arrays import AnyArray

MINVAL = mujoco.mjMINVAL  # lower bound of divisors
DEFAULT_SOLREF = (0.02, 1.0)  # used if one entry of `solref` is positive and the other is not, as in MuJoCo

T = TypeVar("T")


def clip_solimp(solimp: Float[np.ndarray, "R 5"]) -> Float[np.ndarray, "R 5"]:
    """Return `solimp` within the bounds that MuJoCo enforces."""
    low, high = mujoco.mjMINIMP, mujoco.mjMAXIMP
    return np.clip(solimp, [low, low, 0, low, 1], [high, high, np.inf, high, np.inf])


def reference_gains(
    model: mujoco.MjModel, solref: Float[np.ndarray, "R 2"], dmax: Float[np.ndarray, " R"]
) -> tuple[Float[np.ndarray, " R"], Float[np.ndarray, " R"]]:
    """Return K in 1/s^2 and B in 1/s of the reference acceleration aref = -B v - K imp r.

    Args:
        model: model whose flags and time step apply. Unless the MJCF disables `refsafe`, time constants are at least
            two time steps.
        solref: time constant and damping ratio, or negative stiffness and damping.
        dmax: largest impedance, the second entry of `solimp`.
    """
    mixed = (solref[:, :1] > 0) != (solref[:, 1:] > 0)
    first, second = np.where(mixed, DEFAULT_SOLREF, solref).T
    refsafe = not model.opt.disableflags & mujoco.mjtDisableBit.mjDSBL_REFSAFE
    time_constant = np.maximum(first, 2 * model.opt.timestep if refsafe else MINVAL)
    damping_ratio = np.maximum(second, MINVAL)
    direct = first <= 0
    from_time_constant = 1 / np.maximum((dmax * time_constant * damping_ratio) ** 2, MINVAL)
    stiffness = np.where(direct, -first / dmax**2, from_time_constant)
    return stiffness, np.where(direct, -second / dmax, 2 / (dmax * time_constant))


def impedance(solimp: Float[Array | np.ndarray, "R 5"], distance: Float[AnyArray, " R"]) -> Float[Array, " R"]:
    """Return the impedance d in (0, 1), MuJoCo's sigmoid of the distance |r|.

    Args:
        solimp: dmin, dmax, width, midpoint and power of the sigmoid.
        distance: distance |r| from the position at which the row becomes active.
    """
    start, end, width, middle, power = solimp.T
    x = jnp.clip(distance / jnp.maximum(width, MINVAL), 0, 1)
    rising = x**power / middle ** (power - 1)
    falling = 1 - (1 - x) ** power / (1 - middle) ** (power - 1)
    y = jnp.where(power == 1, x, jnp.where(x <= middle, rising, falling))
    return start + jnp.where(width <= MINVAL, 0.5, y) * (end - start)


def as_jax(rows: T, dtype: Any) -> T:
    """Return a dataclass with its floating-point arrays as JAX arrays of type `dtype`.

    JAX would keep NumPy arrays in the precision of the first trace.
    """
    values = {field.name: getattr(rows, field.name) for field in fields(rows)}  # pyright: ignore[reportArgumentType]
    numbers = {k: v for k, v in values.items() if isinstance(v, np.ndarray) and np.issubdtype(v.dtype, np.floating)}
    return replace(rows, **{k: jnp.asarray(v, dtype) for k, v in numbers.items()})  # pyright: ignore
