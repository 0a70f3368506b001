"""The constants of a `RigidDynamicsModel` as numbers without constraints, so that fitted constants stay physical.

- bodies: logarithmic Cholesky parameters (`mechanics.pseudo_inertia`);
- a constant force: itself;
- the speeds of the friction law: within a range about their initial value;
- armature, damping and friction: the square root, which can return from zero while the other constants converge;
- all others: the logarithm of their absolute value. They keep the sign of their initial value, and zero stays zero.

The numbers are in natural units, so that one is a large change of each: a logarithm, or the share of the initial value.

The constants that are known (`scale`) are kept: the constants of each equation are multiplied by a common factor.
"""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from dynax.architectures.rigid import RigidDynamicsModel
from dynax.components.friction import bounded_speed
from dynax.identification.equations import constants_of
from dynax.identification.scale import known_scale
from dynax.mechanics import rigid_body
from dynax.mechanics.pseudo_inertia import from_log_cholesky, log_cholesky

Constants = Mapping[str, Any]
UNCONSTRAINED, SPEEDS = ("constant_force",), ("stop_speed", "stribeck_speed")
SQUARES = ("armature", "damping", "coulomb_friction", "static_friction")
BODY_SIZE = len(rigid_body.PARAMETER_NAMES)


class Parametrization:
    """A smooth map from numbers without constraints to the constants; `jax.enable_x64` must be on in each call.

    Args:
        model: the model.
        initial: initial constants, which determine signs.
    """

    def __init__(self, model: RigidDynamicsModel, initial: Constants):
        self._signs = {name: np.sign(np.asarray(x)) for name, x in initial.items()}
        self._initial, unravel = initial, constants_of(model)[1]
        self._raw = {name: self._free(name, np.asarray(x, float)) for name, x in initial.items()}
        self._units = {name: self._unit(name, raw) for name, raw in self._raw.items()}
        scale = known_scale(model)
        rows = [jax.tree.map(np.asarray, unravel(jnp.asarray(row))) for row in scale.rows]
        self._scale = list(zip(rows, scale.values.tolist(), map(self._scaled, rows), strict=True))

    def initial(self) -> dict[str, Float[np.ndarray, " n"]]:
        """Return the numbers of the initial constants. Inertial parameters that are not physical are changed."""
        return {name: raw / self._units[name] for name, raw in self._raw.items()}

    def constants(self, free: Constants) -> dict[str, Float[Array, " n"]]:
        """Return the constants of numbers without constraints."""
        found = {name: self._constant(name, jnp.asarray(self._units[name]) * x) for name, x in free.items()}
        for row, value, scaled in self._scale:
            factor = value / sum(row[name] @ x for name, x in found.items())
            found = {name: jnp.where(scaled[name], factor * x, x) for name, x in found.items()}
        return found

    def _free(self, name: str, value: np.ndarray) -> np.ndarray:
        if name == "bodies":
            return log_cholesky(value.reshape(-1, BODY_SIZE)).ravel()
        if name in UNCONSTRAINED:
            return value
        if name in SPEEDS:
            return np.zeros_like(value)
        if name in SQUARES:
            return np.sqrt(np.maximum(value, 0))
        return np.log(np.where(value == 0, 1.0, np.abs(value)))

    def _unit(self, name: str, raw: np.ndarray) -> np.ndarray:
        """Return the natural unit of each number."""
        unit = np.ones_like(raw)
        if name == "bodies":
            bodies = raw.reshape(-1, BODY_SIZE)
            size = np.maximum(np.exp(bodies[:, 1:4]).max(axis=1), np.abs(bodies[:, 7:]).max(axis=1))
            unit.reshape(-1, BODY_SIZE)[:, 4:] = size[:, None]  # the entries of U that are lengths
        if name in SQUARES:
            unit = np.where(raw > 0, raw, 1.0)
        return np.asarray(self._initial["coulomb_friction"]) if name == "constant_force" else unit

    def _constant(self, name: str, free: jax.Array) -> jax.Array:
        if name == "bodies":
            return from_log_cholesky(free.reshape(-1, BODY_SIZE)).ravel()
        if name in SPEEDS:
            return bounded_speed(self._initial[name], free)
        if name in SQUARES:
            return free**2
        return free if name in UNCONSTRAINED else jnp.asarray(self._signs[name]) * jnp.exp(free)

    def _scaled(self, row: Constants) -> dict[str, np.ndarray]:
        """Return the constants that a known equation scales: those that it contains, and all of the same bodies."""
        mask = {name: np.asarray(x) != 0 for name, x in row.items()}
        return mask | {"bodies": np.repeat(mask["bodies"].reshape(-1, BODY_SIZE).any(axis=1), BODY_SIZE)}
