"""System identification: the constants of a `RigidDynamicsModel` by linear least squares.

    identify(model, data)        -> constants with standard errors
    identify_model(model, data)  -> variables, as training returns them

Axes: M transitions, R equations, P constants, K kinematic trees, nv degrees of freedom, S state, A action.
"""

from dynax.identification.least_squares import Identified, identify
from dynax.identification.variables import Identification, identify_model

__all__ = ["Identification", "Identified", "identify", "identify_model"]
