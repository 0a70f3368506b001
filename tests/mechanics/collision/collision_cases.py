"""Pairs of shapes and a walker, with the contacts that MuJoCo finds for them."""

from functools import cache

import jax
import mujoco
import numpy as np
from hypothesis import strategies as st

from dynax.mechanics.collision.contacts import Contacts
from dynax.mechanics.kinematics import Kinematics

GEOM = {
    "plane": 'type="plane" size="1 1 1"',
    "sphere": 'type="sphere" size=".2"',
    "capsule": 'type="capsule" size=".1 .3"',
    "ellipsoid": 'type="ellipsoid" size=".1 .2 .3"',
    "cylinder": 'type="cylinder" size=".2 .15"',
    "box": 'type="box" size=".1 .2 .3"',
    "mesh": 'type="mesh" mesh="wedge"',
}
ASSET = '<asset><mesh name="wedge" vertex="0 0 0 .4 0 0 0 .5 0 .3 .5 0 0 0 .3 .1 .4 .4"/></asset>'
EXACT = [
    *(("plane", other) for other in ("sphere", "capsule", "ellipsoid", "cylinder", "box")),
    *(("sphere", other) for other in ("sphere", "capsule", "cylinder", "box")),
    ("capsule", "capsule"),
]
LEGS = "".join(
    f"""<body pos="{x} {y} 0"><joint axis="0 1 0"/><geom type="capsule" size=".03" fromto="0 0 0 0 {y / 10} -.2"/>
    <body pos="0 0 -.2"><joint axis="0 1 0"/><geom type="capsule" size=".02" fromto="0 0 0 0 0 -.2"/>
    <geom type="sphere" size=".03" pos="0 0 -.2"/></body></body>"""
    for x in (0.3, -0.3)
    for y in (0.15, -0.15)
)
WALKER = f"""<mujoco><default><geom friction=".8"/></default><worldbody><geom type="plane" size="5 5 1"/>
<geom type="box" size=".2 .3 .05" pos=".5 0 0" euler="0 0 20"/>
<body pos="0 0 .4"><freejoint/><geom type="box" size=".3 .15 .06"/>{LEGS}</body></worldbody></mujoco>"""
ELLIPTIC, PYRAMIDAL = mujoco.mjtCone.mjCONE_ELLIPTIC, mujoco.mjtCone.mjCONE_PYRAMIDAL
seeds = st.integers(0, 2**32 - 1)


def pair(first, second, condim=6):
    """Return a scene of two shapes that are active below 0.1 m and reported 0.2 m before; a plane is fixed."""
    fixed = first == "plane"
    joint = "" if fixed else "<freejoint/>"
    return f"""<mujoco>{ASSET}<option jacobian="dense"/>
    <default><geom margin=".05" gap=".1" condim="{condim}" friction=".7 .05 .01"/></default><worldbody>
    <body name="first" pos="0 0 .1" euler="{"20 -10 0" if fixed else "0 0 0"}">{joint}
    <geom {GEOM[first]} pos=".01 .02 .03" euler="10 20 30"/></body>
    <body name="second"><freejoint/><geom {GEOM[second]} pos=".03 .01 .02" euler="30 10 20"/></body>
    </worldbody></mujoco>"""


@cache
def machine(mjcf):
    """Return a model, its contacts, and a compiled function of qpos and qvel that evaluates them."""
    model = mujoco.MjModel.from_xml_string(mjcf)
    kinematics, contacts = Kinematics.of(model), Contacts.of(model)

    @jax.jit
    def evaluate(qpos, qvel):
        poses = kinematics(qpos)
        detected = contacts.detect(poses)
        return detected, contacts.jacobian(poses, detected), contacts.velocity(poses, detected, qvel)

    return model, contacts, evaluate


def random_data(model, seed, spread=0.3):
    """Return MuJoCo's data at a random state."""
    rng = np.random.default_rng(seed)
    data = mujoco.MjData(model)
    data.qpos[:], data.qvel[:] = rng.normal(0, spread, model.nq), rng.normal(0, 1, model.nv)
    mujoco.mj_normalizeQuat(model, data.qpos)
    mujoco.mj_forward(model, data)
    return data


def detect(mjcf, data):
    """Return a model, its contacts, and the detected contacts, Jacobians and velocities in float64."""
    model, contacts, evaluate = machine(mjcf)
    with jax.enable_x64(True):
        return model, contacts, jax.tree.map(np.asarray, evaluate(data.qpos, data.qvel))


compiled_frames = jax.jit(lambda detected: detected.frame)


def frames(detected):
    """Return the contact frames in float64."""
    with jax.enable_x64(True):
        return np.asarray(compiled_frames(detected))


def counterparts(contacts, detected, data):
    """Yield each of MuJoCo's contacts with the nearest slot of the same geoms."""
    geoms = np.stack([contacts.geom1, contacts.geom2], axis=1)
    for contact in data.contact:
        same = np.flatnonzero((geoms == contact.geom).all(axis=1) & detected.present)
        offset = np.abs(detected.position[same] - contact.pos).max(axis=1)
        offset += np.abs(detected.distance[same] - contact.dist)
        yield contact, same[offset.argmin()]


def efc_rows(contact, linear, angular, cone):
    """Return the rows of `efc_J` of a contact, from its Jacobians (3, nv) in the contact frame."""
    jacobian = np.concatenate([linear, angular])
    if contact.dim == 1 or cone == ELLIPTIC:
        return jacobian[: contact.dim]
    friction = contact.friction[: contact.dim - 1, None] * jacobian[1 : contact.dim]
    return np.stack([jacobian[0] + friction, jacobian[0] - friction], axis=1).reshape(-1, jacobian.shape[1])


def reported(contacts, detected):
    """Return which of the detected contacts MuJoCo would report, bool."""
    return detected.present & (detected.distance <= contacts.parameters.margin + contacts.parameters.gap)
