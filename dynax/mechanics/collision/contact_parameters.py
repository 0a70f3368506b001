"""Friction and compliance of contacts, combined from both geoms as in MuJoCo.

Source: MuJoCo documentation, Modeling: Contact, Contact parameters.
"""

from dataclasses import dataclass, replace
from typing import Any

import jax
import mujoco
import numpy as np


@jax.tree_util.register_dataclass
@dataclass(frozen=True)
class ContactParameters:
    """The parameters of C contacts, as NumPy arrays."""

    condim: Any  # dimension, (C,) int: 1, 3, 4 or 6
    friction: Any  # coefficients, (C, 5): two of sliding, torsional in m, two of rolling in m
    solref: Any  # (C, 2)
    solreffriction: Any  # solref of the friction rows, (C, 2); zero means `solref`
    solimp: Any  # (C, 5)
    margin: Any  # distance below which the contact is active, (C,), m
    gap: Any  # additional distance at which MuJoCo already reports the contact, (C,), m

    @classmethod
    def of(cls, model: mujoco.MjModel, pairs: list[tuple[int, int, int]]) -> "ContactParameters":
        """Return the parameters of pairs (first geom, second geom, index of the `<pair>` or -1)."""
        rows = [_explicit(model, pair) if pair >= 0 else _combined(model, geom1, geom2) for geom1, geom2, pair in pairs]
        parameters = cls(**{name: np.array([row[name] for row in rows]) for name in rows[0]})
        if model.opt.enableflags & mujoco.mjtEnableBit.mjENBL_OVERRIDE:
            override = _override(model).items()
            parameters = replace(
                parameters, **{name: np.broadcast_to(x, getattr(parameters, name).shape) for name, x in override}
            )
        return replace(parameters, friction=np.maximum(parameters.friction, mujoco.mjMINMU))

    def take(self, contacts: Any) -> "ContactParameters":
        """Return the parameters of the contacts with the given indices (K,)."""
        return jax.tree.map(lambda leaf: leaf[contacts], self)


def _explicit(model: mujoco.MjModel, pair: int) -> dict[str, Any]:
    """Return the parameters of a `<pair>` of the MJCF."""
    names = ("friction", "solref", "solreffriction", "solimp", "margin", "gap")
    return {"condim": model.pair_dim[pair]} | {name: getattr(model, f"pair_{name}")[pair] for name in names}


def _override(model: mujoco.MjModel) -> dict[str, Any]:
    """Return the parameters that `<option>` sets for all contacts."""
    option = model.opt
    return {
        "friction": option.o_friction,
        "solref": option.o_solref,
        "solreffriction": option.o_solref,
        "solimp": option.o_solimp,
        "margin": option.o_margin,
    }


def _combined(model: mujoco.MjModel, geom1: int, geom2: int) -> dict[str, Any]:
    """Return the parameters of two geoms without a `<pair>`.

    The geom of higher priority sets condim, friction, solref and solimp. For equal priorities, condim and friction are
    maxima, and solref and solimp are means weighted by solmix. A solref in the direct format is the minimum. Margin and
    gap are always sums.
    """
    geoms = [geom1, geom2]
    priority, condim, friction = model.geom_priority[geoms], model.geom_condim[geoms], model.geom_friction[geoms]
    solref, solimp = model.geom_solref[geoms], model.geom_solimp[geoms]
    if priority[0] != priority[1]:
        first = np.argmax(priority)
        condim, friction, solref, solimp = condim[first], friction[first], solref[first], solimp[first]
    else:
        weights = _solmix_weights(model.geom_solmix[geoms])
        standard_format = (solref[:, 0] > 0).all()
        solref = weights @ solref if standard_format else solref.min(axis=0)
        condim, friction, solimp = condim.max(), friction.max(axis=0), weights @ solimp
    return {
        "condim": condim,
        "friction": friction[[0, 0, 1, 2, 2]],
        "solref": solref,
        "solreffriction": np.zeros(2),
        "solimp": solimp,
        "margin": model.geom_margin[geoms].sum(),
        "gap": model.geom_gap[geoms].sum(),
    }


def _solmix_weights(solmix: np.ndarray) -> np.ndarray:
    """Return the two geoms' solmix weights, normalized to sum to one.

    Weights below mjMINVAL count as zero; if both do, each is 0.5.
    """
    weights = np.where(solmix >= mujoco.mjMINVAL, solmix, 0.0)
    return weights / weights.sum() if weights.any() else np.array([0.5, 0.5])
