"""MuJoCo's constraint solve as a differentiable layer, after any model of the free motion.

`joints` and `contact` say which rows a robot has, `parameters` what MuJoCo's `solref` and `solimp` mean, `solve` is the
problem they pose together, `layer` what a model puts behind its free motion, `demands` what a network sees of it, and
`coverage` what of a robot it leaves out.
"""

from dynax.mechanics.constraints.contact_rows import ContactMotion, ContactRows
from dynax.mechanics.constraints.coverage import contact_overflow, left_out
from dynax.mechanics.constraints.joint_rows import JointRows
from dynax.mechanics.constraints.layer import NEAREST, ConstraintLayer, UnconstrainedStep
from dynax.mechanics.constraints.residuals import ConstraintResiduals

__all__ = [
    "NEAREST",
    "ConstraintLayer",
    "ConstraintResiduals",
    "ContactMotion",
    "ContactRows",
    "JointRows",
    "UnconstrainedStep",
    "contact_overflow",
    "left_out",
]
