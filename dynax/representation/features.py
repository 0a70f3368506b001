"""What a network sees of a state, and how what it predicts becomes the next state.

Written against the array's own namespace: NumPy float64 when a dataset is prepared, JAX float32 inside a rollout.
Axes: `...` any batch, S state, F features, D target, nv degrees of freedom, na activations.
"""

from typing import Any

import numpy as np

from dynax.envs.state_space import StateSpace
from dynax.math import rotations
from dynax.representation.frames import Frame

ANGLES = ("raw", "sincos")
TARGETS = ("delta", "acceleration")
CONSTRAINTS = ("none", "features", "layer")


def positions(space: StateSpace, state: Any, angles: str, dropped: np.ndarray, frame: Frame | None = None) -> Any:
    """The positions as features: raw, or every angle on the circle.

    With `sincos` a hinge is its sine and cosine (one that cannot turn for ever keeps its angle as well) and an
    orientation the first two columns of its rotation matrix, which unlike a quaternion are continuous (Zhou et al.
    2019, On the Continuity of Rotation Representations). `dropped` (nv,) bool names the lengths and angles left out. A
    `frame` shows what floats as its base sees it.
    """
    xp = state.__array_namespace__()
    parts, lines, hinges = [], [], []
    shown = frame.shown if frame else np.zeros(space.nv, bool)
    for q, v, turns in space.blocks:
        seen = np.arange(v.start, v.stop)[~(dropped | shown)[v]]
        if turns:
            if len(seen):
                parts.append(state[..., q] if angles == "raw" else _columns(rotations.matrix(state[..., q])))
            continue
        where = seen - v.start + q.start
        turning = space.hinge[seen] & (angles == "sincos")
        lines.append(state[..., where[~turning | ~space.wrapped[seen]]])
        hinges.append(state[..., where[turning]])
    angle = xp.concat(hinges, axis=-1) if hinges else state[..., :0]
    bodies = [frame.positions(state, dropped)] if frame else []
    return xp.concat([*lines, xp.sin(angle), xp.cos(angle), *parts, *bodies], axis=-1)


def _columns(matrix: Any) -> Any:
    """The first two columns (..., 6) of rotation matrices (..., 3, 3)."""
    return matrix.__array_namespace__().concat([matrix[..., 0], matrix[..., 1]], axis=-1)


def stops(space: StateSpace, state: Any) -> Any:
    """Joint limits as features, three for each end of each limited joint: penetration, active flag, flag times rate.

    Inside the range all are zero, so that they say nothing of where in its range a joint is. A joint whose position is
    hidden is left out, and a hidden velocity counts as none. MuJoCo's limit constraint acts where the distance to the
    end is below the margin (MuJoCo documentation, Computation: Constraint model).
    """
    xp = state.__array_namespace__()
    position, rate = space.observed[: space.nv], space.observed[space.nv : 2 * space.nv]
    shown = position[space.limited]
    velocity = (space.qvel(state) * rate)[..., space.limited & position]
    ends = []
    for depth in (beyond[..., shown] for beyond in space.beyond(state)):
        active = xp.astype(depth > 0, state.dtype)
        ends += [depth * active, active, active * velocity]
    return xp.concat(ends, axis=-1)


def targets(space: StateSpace, state: Any, following: Any, kind: str, exact: bool) -> Any:
    """What is predicted between consecutive states, the inverse of `tangent`: (..., D).

    `delta` is the change of the whole state, D = 2 nv + na. `acceleration` is the change of velocity and of
    activations, D = nv + na, where the integrator is `exact`, that is moves the position by dt times the new velocity.
    By another integrator the position moves otherwise, and what the rule leaves over stands before them,
    D = 2 nv + na.
    """
    xp = state.__array_namespace__()
    change = space.difference(state, following)
    if kind == "delta":
        return change
    if exact:
        return change[..., space.nv :]
    residual = change[..., : space.nv] - space.dt * space.qvel(following)
    return xp.concat([residual, change[..., space.nv :]], axis=-1)


def tangent(space: StateSpace, state: Any, target: Any, kind: str, exact: bool) -> Any:
    """The change (..., 2 nv + na) of `state` (..., S) under `target` (..., D), which is as `targets` has it.

    `acceleration` is MuJoCo's semi-implicit Euler: v' = v + dv, q' = q + dt v' (MuJoCo documentation, Computation:
    Numerical integration).
    """
    if kind == "delta":
        return target
    xp = state.__array_namespace__()
    residual, rest = (0.0, target) if exact else (target[..., : space.nv], target[..., space.nv :])
    moved = space.dt * (space.qvel(state) + rest[..., : space.nv]) + residual
    return xp.concat([moved, rest], axis=-1)
