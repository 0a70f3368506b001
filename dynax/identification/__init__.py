"""System identification: the constants of a `RigidDynamicsModel`.

    identify(model, data)                 -> constants with standard errors, by linear least squares
    identify_model(model, data)           -> variables, as training returns them
    fit_simulations(model, data, config)  -> the same for noisy logs, from simulation errors

Axes: M transitions, R equations, P constants, K kinematic trees, nv degrees of freedom, S state, A action.
"""

from dynax.identification.least_squares import Identified, identify
from dynax.identification.simulation import fit_simulations
from dynax.identification.variables import Identification, identify_model

__all__ = ["Identification", "Identified", "fit_simulations", "identify", "identify_model"]
