"""Motors for a URDF file, which names the effort limits of its joints but has no actuators."""

import re

import mujoco

from dynax.errors import listed
from dynax.mjcf.messages import repeat_warning

COMMENT = re.compile(r"<!--.*?-->|<\?.*?\?>", re.DOTALL)
ROOT = re.compile(r"\s*(?:<!DOCTYPE[^>]*>\s*)?<\s*robot\b")
XACRO = re.compile(r"<\s*xacro:")
MIMIC = re.compile(r"<\s*joint\b[^>]*\bname\s*=\s*[\"']([^\"']*)[\"'][^>]*>(?:(?!</\s*joint).)*?<\s*mimic\b", re.DOTALL)
DRIVEN = (mujoco.mjtJoint.mjJNT_HINGE, mujoco.mjtJoint.mjJNT_SLIDE)


def is_urdf(text: str) -> bool:
    """Return whether an XML text is a URDF file."""
    return bool(ROOT.match(COMMENT.sub("", text)))


def is_xacro(text: str) -> bool:
    """Return whether a URDF text has macros that a preprocessor must expand."""
    return is_urdf(text) and bool(XACRO.search(COMMENT.sub("", text)))


def add_motors(spec: mujoco.MjSpec, text: str) -> None:
    """Add a motor to every hinge and slide of a URDF, and warn about them.

    The control of a motor is a torque in Nm, or a force in N. Its range is the effort limit of the joint, if there is
    one. A joint that mimics another one has no motor, because MuJoCo couples it to the other joint by an equality.

    Args:
        spec: the model, which is changed.
        text: the URDF.
    """
    mimicking = set(MIMIC.findall(COMMENT.sub("", text)))
    driven = [joint for joint in spec.joints if joint.type in DRIVEN and joint.name not in mimicking]
    for joint in driven:
        motor = spec.add_actuator(name=joint.name, target=joint.name, trntype=mujoco.mjtTrn.mjTRN_JOINT)
        motor.set_to_motor()
        low, high = joint.actfrcrange
        if low < high:
            motor.ctrlrange = low, high
    if driven:
        names = listed([joint.name for joint in driven])
        repeat_warning(f"a URDF has no actuators, so motors are added at {names}")
    if mimicking:
        repeat_warning(f"no motors are added at joints that follow other joints: {listed(sorted(mimicking))}")
