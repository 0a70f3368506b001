"""What the MJCF says of how a contact pushes and rubs, mixed from both geoms as MuJoCo mixes it.

Source: MuJoCo documentation, Modeling: Contact, Contact parameters.

Axes: C contacts.
"""

from typing import Any

import jax
import mujoco
import numpy as np
from flax import struct

from dynax.math.vectors import TINY


class Parameters(struct.PyTreeNode):
    """Of each contact; NumPy arrays."""

    condim: Any  # (C,) int: 1, 3, 4 or 6 rows
    friction: Any  # (C, 5) two tangents, torsion in m, two of rolling in m
    solref: Any  # (C, 2)
    solreffriction: Any  # (C, 2) zero where `solref` is for the tangents too
    solimp: Any  # (C, 5)
    margin: Any  # (C,) the distance below which the contact acts, m
    gap: Any  # (C,) how much before that it is already reported, m

    @classmethod
    def of(cls, model: mujoco.MjModel, pairs: list[tuple[int, int, int]]) -> "Parameters":
        """Of each (first geom, second geom, number of a `<pair>` or -1)."""
        rows = [_declared(model, pair) if pair >= 0 else _mixed(model, geom1, geom2) for geom1, geom2, pair in pairs]
        found = cls(**{name: np.array([row[name] for row in rows]) for name in rows[0]})
        if model.opt.enableflags & mujoco.mjtEnableBit.mjENBL_OVERRIDE:
            found = found.replace(
                **{name: np.broadcast_to(value, getattr(found, name).shape) for name, value in _override(model).items()}
            )
        return found.replace(friction=np.maximum(found.friction, mujoco.mjMINMU))

    def take(self, contacts: Any) -> "Parameters":
        """Of the `contacts` (K,) int."""
        return jax.tree.map(lambda leaf: leaf[contacts], self)


def _declared(model: mujoco.MjModel, pair: int) -> dict[str, Any]:
    """What a `<pair>` says."""
    names = ("friction", "solref", "solreffriction", "solimp", "margin", "gap")
    return {"condim": model.pair_dim[pair]} | {name: getattr(model, f"pair_{name}")[pair] for name in names}


def _override(model: mujoco.MjModel) -> dict[str, Any]:
    """What the option says of all contacts."""
    option = model.opt
    return {
        "friction": option.o_friction,
        "solref": option.o_solref,
        "solreffriction": option.o_solref,
        "solimp": option.o_solimp,
        "margin": option.o_margin,
    }


def _mixed(model: mujoco.MjModel, geom1: int, geom2: int) -> dict[str, Any]:
    """Of the geom of higher priority; of equals, the weighted mean of the solver's and the larger of the others."""
    geoms = [geom1, geom2]
    priority, condim, friction = model.geom_priority[geoms], model.geom_condim[geoms], model.geom_friction[geoms]
    solref, solimp = model.geom_solref[geoms], model.geom_solimp[geoms]
    if priority[0] != priority[1]:
        first = np.argmax(priority)
        condim, friction, solref, solimp = condim[first], friction[first], solref[first], solimp[first]
    else:
        share = _shares(model.geom_solmix[geoms])
        standard = (solref[:, 0] > 0).all()
        solref = share @ solref if standard else solref.min(axis=0)
        condim, friction, solimp = condim.max(), friction.max(axis=0), share @ solimp
    return {
        "condim": condim,
        "friction": friction[[0, 0, 1, 2, 2]],
        "solref": solref,
        "solreffriction": np.zeros(2),
        "solimp": solimp,
        "margin": model.geom_margin[geoms].sum(),
        "gap": model.geom_gap[geoms].sum(),
    }


def _shares(solmix: np.ndarray) -> np.ndarray:
    """The weights (2,) of the geoms, of which those below the least count nothing, and two of them the same."""
    counted = np.where(solmix >= TINY, solmix, 0.0)
    return counted / counted.sum() if counted.any() else np.array([0.5, 0.5])
