"""MuJoCo's constraint solve as a differentiable layer, after any model of the free motion.

`joints` and `contact` say which rows a robot has, `parameters` what MuJoCo's `solref` and `solimp` mean, `solve` is the
problem they pose together, and `layer` what a model puts behind its free motion.
"""

from dynax.constraints.contact import ContactRows, Touch
from dynax.constraints.joints import JointRows
from dynax.constraints.layer import NEAREST, ConstraintLayer, Free, Inertia, crowded, left_out

__all__ = ["NEAREST", "ConstraintLayer", "ContactRows", "Free", "Inertia", "JointRows", "Touch", "crowded", "left_out"]
