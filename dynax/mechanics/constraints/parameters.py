"""What MuJoCo's `solref` and `solimp` say of a constraint: how it springs back, and how hard it is.

Source: MuJoCo documentation, Modeling: Solver parameters.

Axes: R rows.
"""

from dataclasses import fields, replace
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import mujoco
import numpy as np

FLAT = 1e-15  # a sigmoid this narrow is its middle everywhere
SMALLEST, LARGEST = mujoco.mjMINIMP, mujoco.mjMAXIMP  # impedances
DEFAULT = (0.02, 1.0)  # `solref` where the MJCF mixes both formats

T = TypeVar("T")


def clipped(solimp: np.ndarray) -> np.ndarray:
    """`solimp` (R, 5) within what MuJoCo allows."""
    return np.clip(solimp, [SMALLEST, SMALLEST, 0, SMALLEST, 1], [LARGEST, LARGEST, np.inf, LARGEST, np.inf])


def reference(model: mujoco.MjModel, solref: np.ndarray, dmax: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """K and B of the reference acceleration aref = -B v - K imp r, two (R,), from `solref` (R, 2) and dmax (R,).

    Both formats: time constant and damping ratio, or negative stiffness and damping. Unless the MJCF switches it off,
    time constants are guarded to be two steps at least.
    """
    mixed = (solref[:, :1] > 0) != (solref[:, 1:] > 0)
    first, second = np.where(mixed, DEFAULT, solref).T
    guarded = not model.opt.disableflags & mujoco.mjtDisableBit.mjDSBL_REFSAFE
    constant = np.maximum(first, 2 * model.opt.timestep if guarded else FLAT)
    ratio = np.maximum(second, FLAT)
    direct = first <= 0
    stiffness = np.where(direct, -first / dmax**2, 1 / np.maximum((dmax * constant * ratio) ** 2, FLAT))
    return stiffness, np.where(direct, -second / dmax, 2 / (dmax * constant))


def impedance(solimp: jax.Array, distance: jax.Array) -> jax.Array:
    """d(r) in (0, 1), (R,): MuJoCo's sigmoid of the distance |r| (R,) past the start of a row, from `solimp` (R, 5)."""
    start, end, width, middle, power = solimp.T
    x = jnp.clip(distance / jnp.maximum(width, FLAT), 0, 1)
    rising = x**power / middle ** (power - 1)
    falling = 1 - (1 - x) ** power / (1 - middle) ** (power - 1)
    y = jnp.where(power == 1, x, jnp.where(x <= middle, rising, falling))
    return start + jnp.where(width <= FLAT, 0.5, y) * (end - start)


def cast(rows: T, dtype: Any) -> T:
    """A dataclass with its numbers as JAX arrays: JAX would keep NumPy's in the precision it first met them in."""
    values = {field.name: getattr(rows, field.name) for field in fields(rows)}  # pyright: ignore[reportArgumentType]
    numbers = {k: v for k, v in values.items() if isinstance(v, np.ndarray) and np.issubdtype(v.dtype, np.floating)}
    return replace(rows, **{k: jnp.asarray(v, dtype) for k, v in numbers.items()})  # pyright: ignore
