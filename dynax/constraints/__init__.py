"""MuJoCo's constraint solve as a differentiable layer, after any model of the free motion.

`joints` and `contact` say which rows a robot has, `parameters` what MuJoCo's `solref` and `solimp` mean, `solve` is the
problem they pose together, `layer` what a model puts behind its free motion, `demands` what a network sees of it, and
`coverage` what of a robot it leaves out.
"""

from dynax.constraints.contact import ContactMotion, ContactRows
from dynax.constraints.coverage import crowded, left_out
from dynax.constraints.demands import Demands
from dynax.constraints.joints import JointRows
from dynax.constraints.layer import NEAREST, ConstraintLayer, Free, Inertia

__all__ = [
    "NEAREST",
    "ConstraintLayer",
    "ContactMotion",
    "ContactRows",
    "Demands",
    "Free",
    "Inertia",
    "JointRows",
    "crowded",
    "left_out",
]
