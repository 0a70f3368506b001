"""MuJoCo's joint types and joint transmissions as plain integers."""

import mujoco

JOINT = mujoco.mjtJoint
FREE, BALL, SLIDE, HINGE = map(int, (JOINT.mjJNT_FREE, JOINT.mjJNT_BALL, JOINT.mjJNT_SLIDE, JOINT.mjJNT_HINGE))
AT_JOINTS = tuple(map(int, (mujoco.mjtTrn.mjTRN_JOINT, mujoco.mjtTrn.mjTRN_JOINTINPARENT)))
PARALLEL = 1e-9  # two directions count as parallel (perpendicular) below this sine (cosine) of their angle
