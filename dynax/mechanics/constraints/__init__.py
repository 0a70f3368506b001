"""MuJoCo's constraint solver as a differentiable layer after any model of the unconstrained step.

    parameters                    reference acceleration and impedance from `solref` and `solimp`
    rows                          constraint rows: their costs, forces and Hessians
    joint_rows, contact_rows      the rows of joint limits, joint friction and contacts
    line_search, solve            the minimization that determines the constraint force
    layer                         the constraint layer
    constraint_residuals          constraint residuals of a predicted acceleration, as network inputs
    active                        which joint limits and contacts are active
    coverage                      constraints of a model that the layer does not support

Axis letters are defined in `dynax.mechanics`.
"""

from dynax.mechanics.constraints.constraint_residuals import ConstraintResiduals
from dynax.mechanics.constraints.contact_rows import ContactMotion, ContactRows
from dynax.mechanics.constraints.coverage import contact_overflow, unsupported_constraints
from dynax.mechanics.constraints.joint_rows import JointRows
from dynax.mechanics.constraints.layer import MAX_CONTACTS_PER_CONDIM, ConstraintLayer, UnconstrainedStep

__all__ = [
    "MAX_CONTACTS_PER_CONDIM",
    "ConstraintLayer",
    "ConstraintResiduals",
    "ContactMotion",
    "ContactRows",
    "JointRows",
    "UnconstrainedStep",
    "contact_overflow",
    "unsupported_constraints",
]
