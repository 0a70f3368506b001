"""Contacts against C MuJoCo's: the same where they are exact, and by how much they differ where they are not."""

from functools import cache

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynax.geometry.contacts import Contacts, nearest
from dynax.geometry.kinematics import Kinematics

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
ELLIPTIC, PYRAMIDAL = mujoco.mjtCone.mjCONE_ELLIPTIC, mujoco.mjtCone.mjCONE_PYRAMIDAL
seeds = st.integers(0, 2**32 - 1)


def pair(first, second, condim=6):
    """Two shapes, free but for a plane, that act on each other from 0.1 m on, and are reported 0.2 m before that."""
    still = first == "plane"
    joint = "" if still else "<freejoint/>"
    return f"""<mujoco>{ASSET}<option jacobian="dense"/>
    <default><geom margin=".05" gap=".1" condim="{condim}" friction=".7 .05 .01"/></default><worldbody>
    <body name="first" pos="0 0 .1" euler="{"20 -10 0" if still else "0 0 0"}">{joint}
    <geom {GEOM[first]} pos=".01 .02 .03" euler="10 20 30"/></body>
    <body name="second"><freejoint/><geom {GEOM[second]} pos=".03 .01 .02" euler="30 10 20"/></body>
    </worldbody></mujoco>"""


@cache
def machine(mjcf):
    """A model, its contacts, and these compiled."""
    model = mujoco.MjModel.from_xml_string(mjcf)
    kinematics, contacts = Kinematics.of(model), Contacts.of(model)

    @jax.jit
    def detect(qpos, qvel):
        poses = kinematics(qpos)
        detected = contacts.detect(poses)
        return detected, contacts.jacobian(poses, detected), contacts.velocity(poses, detected, qvel)

    return model, contacts, detect


def moment(model, seed, spread=0.3):
    rng = np.random.default_rng(seed)
    data = mujoco.MjData(model)
    data.qpos[:], data.qvel[:] = rng.normal(0, spread, model.nq), rng.normal(0, 1, model.nv)
    mujoco.mj_normalizeQuat(model, data.qpos)
    mujoco.mj_forward(model, data)
    return data


def detected_at(mjcf, data):
    model, contacts, detect = machine(mjcf)
    with jax.enable_x64(True):
        return model, contacts, jax.tree.map(np.asarray, detect(data.qpos, data.qvel))


def counterparts(contacts, detected, data):
    """Of each of MuJoCo's contacts the slot of the same geoms that is nearest to it."""
    ours = np.stack([contacts.geom1, contacts.geom2], axis=1)
    for contact in data.contact:
        same = np.flatnonzero((ours == contact.geom).all(axis=1) & detected.present)
        apart = np.abs(detected.position[same] - contact.pos).max(axis=1) + np.abs(
            detected.distance[same] - contact.dist
        )
        yield contact, same[apart.argmin()]


def rows(contact, linear, angular, cone):
    """A contact's rows of `efc_J`, of its Jacobian along its frame, two (3, nv)."""
    jacobian = np.concatenate([linear, angular])
    if contact.dim == 1 or cone == ELLIPTIC:
        return jacobian[: contact.dim]
    friction = contact.friction[: contact.dim - 1, None] * jacobian[1 : contact.dim]
    return np.stack([jacobian[0] + friction, jacobian[0] - friction], axis=1).reshape(-1, jacobian.shape[1])


@pytest.mark.parametrize(("first", "second"), EXACT)
@given(seed=seeds)
def test_simple_shapes_touch_as_in_mujoco(first, second, seed):
    """Every contact that MuJoCo reports, and no other."""
    mjcf = pair(first, second)
    data = moment(machine(mjcf)[0], seed)
    _, contacts, (detected, (linear, angular), velocity) = detected_at(mjcf, data)
    reported = detected.present & (detected.distance <= contacts.parameters.margin + contacts.parameters.gap)
    assert reported.sum() == data.ncon
    for contact, slot in counterparts(contacts, detected, data):
        np.testing.assert_allclose(detected.distance[slot], contact.dist, atol=1e-9)
        np.testing.assert_allclose(detected.position[slot], contact.pos, atol=1e-9)
        np.testing.assert_allclose(detected.frame[slot].ravel(), contact.frame, atol=1e-7)
        np.testing.assert_allclose(velocity[slot], linear[slot] @ data.qvel, atol=1e-9)
        if contact.efc_address >= 0:
            ours = rows(contact, linear[slot], angular[slot], PYRAMIDAL)
            theirs = data.efc_J.reshape(data.nefc, -1)[contact.efc_address :][: len(ours)]
            np.testing.assert_allclose(ours, theirs, atol=1e-7)
