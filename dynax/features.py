"""What a network sees of a state, and how what it predicts becomes the next state.

Written against the array's own namespace: NumPy float64 when a dataset is prepared, JAX float32 inside a rollout.
Axes: `...` any batch, S = 2 nv state, F features, D target.
"""

from typing import Any

import numpy as np

from dynax.state_space import StateSpace

ANGLES = ("raw", "sincos")
TARGETS = ("delta", "acceleration")
CONSTRAINTS = ("none", "features", "layer")


def positions(space: StateSpace, state: Any, angles: str, dropped: np.ndarray) -> Any:
    """The positions as features: raw, or every hinge as sine and cosine (a limited one keeps its angle as well).

    `dropped` (nv,) bool names the positions left out.
    """
    xp = state.__array_namespace__()
    q = state[..., : space.nv]
    if angles == "raw":
        return q[..., ~dropped]
    kept = (~space.hinge | space.limited) & ~dropped
    angle = q[..., space.hinge]
    return xp.concat([q[..., kept], xp.sin(angle), xp.cos(angle)], axis=-1)


def stops(space: StateSpace, state: Any) -> Any:
    """Joint limits as features, three for each end of each limited joint: penetration, active flag, flag times rate.

    Inside the range all are zero, so that they say nothing of where in its range a joint is. MuJoCo's limit constraint
    acts where the distance to the end is below the margin (MuJoCo documentation, Computation: Constraint model).
    """
    xp = state.__array_namespace__()
    velocity = state[..., space.nv :][..., space.limited]
    ends = []
    for depth in space.beyond(state):
        active = xp.astype(depth > 0, state.dtype)
        ends += [depth * active, active, active * velocity]
    return xp.concat(ends, axis=-1)


def targets(space: StateSpace, state: Any, following: Any, kind: str, exact: bool) -> Any:
    """What is predicted between consecutive states, the inverse of `integrate`: (..., D).

    `delta` is the change of the whole state, D = 2 nv. `acceleration` is the change of velocity, D = nv, where the
    integrator is `exact`, that is moves the position by dt times the new velocity. By another integrator the position
    moves otherwise, and what the rule leaves over stands before the change of velocity, D = 2 nv.
    """
    xp = state.__array_namespace__()
    change = space.difference(state, following)
    if kind == "delta":
        return change
    velocity_change = change[..., space.nv :]
    if exact:
        return velocity_change
    residual = change[..., : space.nv] - space.dt * following[..., space.nv :]
    return xp.concat([residual, velocity_change], axis=-1)


def integrate(space: StateSpace, state: Any, change: Any, kind: str, exact: bool) -> Any:
    """The states that follow `state` (..., S) under `change` (..., D), which is as `targets` has it.

    `acceleration` is MuJoCo's semi-implicit Euler: v' = v + dv, q' = q + dt v' (MuJoCo documentation, Computation:
    Numerical integration).
    """
    if kind == "delta":
        return state + change
    xp = state.__array_namespace__()
    residual, velocity_change = (0.0, change) if exact else (change[..., : space.nv], change[..., space.nv :])
    velocity = state[..., space.nv :] + velocity_change
    return xp.concat([state[..., : space.nv] + space.dt * velocity + residual, velocity], axis=-1)
