"""Contacts against C MuJoCo's: the same where they are exact, and by how much they differ where they are not."""

from functools import cache

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from marks import slow

from dynax.errors import UserError
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


def frames(detected):
    with jax.enable_x64(True):
        return np.asarray(detected.frame)


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
    frame = frames(detected)
    for contact, slot in counterparts(contacts, detected, data):
        np.testing.assert_allclose(detected.distance[slot], contact.dist, atol=1e-9)
        np.testing.assert_allclose(detected.position[slot], contact.pos, atol=1e-9)
        np.testing.assert_allclose(frame[slot].ravel(), contact.frame, atol=1e-7)
        np.testing.assert_allclose(frame[slot] @ velocity[slot], linear[slot] @ data.qvel, atol=1e-9)
        if contact.efc_address >= 0:
            ours = rows(contact, linear[slot], angular[slot], PYRAMIDAL)
            theirs = data.efc_J.reshape(data.nefc, -1)[contact.efc_address :][: len(ours)]
            np.testing.assert_allclose(ours, theirs, atol=1e-7)


@pytest.mark.parametrize("cone", ["elliptic", "pyramidal"])
@pytest.mark.parametrize("condim", [1, 3, 4, 6])
def test_jacobians_are_the_rows_of_mujocos_problem(cone, condim):
    mjcf = pair("plane", "capsule", condim).replace("<option", f'<option cone="{cone}"')
    compared = 0
    for seed in range(20):
        data = moment(machine(mjcf)[0], seed)
        model, contacts, (detected, (linear, angular), _) = detected_at(mjcf, data)
        for contact, slot in counterparts(contacts, detected, data):
            if contact.efc_address >= 0:
                ours = rows(contact, linear[slot], angular[slot], model.opt.cone)
                theirs = data.efc_J.reshape(data.nefc, -1)[contact.efc_address :][: len(ours)]
                np.testing.assert_allclose(ours, theirs, atol=1e-9)
                compared += 1
    assert compared > 5


def test_parallel_capsules_touch_twice():
    mjcf = pair("capsule", "capsule")
    model, _, _ = machine(mjcf)
    for shift in (0.0, 0.2, 0.55, 0.9):
        data = mujoco.MjData(model)
        first, second = model.geom_quat  # both geoms upright
        data.qpos[3:7], data.qpos[10:14] = first * [1, -1, -1, -1], second * [1, -1, -1, -1]
        data.qpos[7:10] = [0.19, 0, shift]
        mujoco.mj_forward(model, data)
        _, contacts, (detected, _, _) = detected_at(mjcf, data)
        for contact, slot in counterparts(contacts, detected, data):
            np.testing.assert_allclose(detected.distance[slot], contact.dist, atol=1e-9)
            np.testing.assert_allclose(detected.position[slot], contact.pos, atol=1e-9)
        reported = detected.present & (detected.distance <= contacts.parameters.margin + contacts.parameters.gap)
        assert reported.sum() == data.ncon == 2


GAPS = {  # median and 90th percentile of the difference of least distances, mm, as measured and rounded up
    ("sphere", "ellipsoid"): (1e-5, 1e-5),
    ("sphere", "mesh"): (1e-5, 1e-5),
    ("capsule", "ellipsoid"): (1e-4, 1e-3),
    ("capsule", "cylinder"): (1e-4, 1e-3),
    ("capsule", "box"): (1e-4, 1e-3),
    ("capsule", "mesh"): (1e-4, 1e-3),
    ("ellipsoid", "ellipsoid"): (1e-3, 0.1),
    ("ellipsoid", "cylinder"): (0.01, 15),
    ("ellipsoid", "box"): (0.01, 15),
    ("ellipsoid", "mesh"): (0.05, 20),
    ("cylinder", "cylinder"): (7, 20),
    ("cylinder", "box"): (6, 30),
    ("cylinder", "mesh"): (6, 30),
    ("box", "box"): (4, 60),
    ("box", "mesh"): (4, 60),
    ("mesh", "mesh"): (4, 60),
    ("plane", "mesh"): (1e-9, 1e-9),
}


def moved_together(model, seed):
    """A pose in which the deepest contact is between 2 cm apart and 2 cm deep, or nothing."""
    data, target = moment(model, seed), np.random.default_rng(seed).uniform(-0.02, 0.02)
    for _ in range(4):
        if not data.ncon:
            return None
        deepest = min(data.contact, key=lambda contact: contact.dist)
        data.qpos[-7:-4] += deepest.frame[:3] * (target - deepest.dist)
        mujoco.mj_forward(model, data)
    return data if data.ncon and abs(data.contact.dist.min()) < 0.03 else None


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second"), GAPS)
def test_other_shapes_are_as_near_as_the_documentation_says(first, second):
    mjcf = pair(first, second)
    gaps = []
    for data in filter(None, (moved_together(machine(mjcf)[0], seed) for seed in range(200))):
        _, _, (detected, _, _) = detected_at(mjcf, data)
        gaps.append(1e3 * abs(detected.distance[detected.present].min() - data.contact.dist.min()))
    assert len(gaps) > 50
    median, tenth = GAPS[first, second]
    assert np.median(gaps) < median
    assert np.percentile(gaps, 90) < tenth


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


@given(seed=seeds)
def test_what_stands_on_a_floor_may_be_moved_and_turned(seed):
    """Distances stay, positions and normals go along, velocities along the normal and across it keep their size."""
    mjcf = WALKER.replace('type="box" size=".2', 'contype="0" conaffinity="0" type="box" size=".2')
    data, rng = moment(machine(mjcf)[0], seed), np.random.default_rng(seed)
    _, _, (before, _, velocity) = detected_at(mjcf, data)
    shift, half = np.append(rng.normal(0, 1, 2), 0), rng.uniform(-np.pi, np.pi) / 2
    heading, turned = np.array([np.cos(half), 0, 0, np.sin(half)]), np.zeros(9)
    mujoco.mju_quat2Mat(turned, heading)
    turned = turned.reshape(3, 3)
    data.qpos[:3] = turned @ data.qpos[:3] + shift
    mujoco.mju_mulQuat(data.qpos[3:7], heading, data.qpos[3:7].copy())
    data.qvel[:3] = turned @ data.qvel[:3]
    _, _, (after, _, moved) = detected_at(mjcf, data)
    np.testing.assert_allclose(after.distance, before.distance, atol=1e-9)
    np.testing.assert_allclose(after.position, before.position @ turned.T + shift, atol=1e-9)
    np.testing.assert_allclose(after.normal, before.normal @ turned.T, atol=1e-9)
    np.testing.assert_allclose(moved, velocity @ turned.T, atol=1e-9)


@pytest.mark.slow
def test_in_float32_it_is_as_good_as_float32():
    model, _, detect = machine(WALKER)
    for seed in range(5):
        data = moment(model, seed, 0.1)
        _, _, exact = detected_at(WALKER, data)
        found = detect(np.float32(data.qpos), np.float32(data.qvel))
        assert not any(leaf.dtype == jnp.float64 for leaf in jax.tree.leaves(found))
        np.testing.assert_allclose(found[0].distance, exact[0].distance, atol=1e-5)
        np.testing.assert_allclose(found[2], exact[2], atol=1e-3)


@pytest.mark.parametrize(
    ("first", "second"), [("plane", "box"), ("capsule", "capsule"), *slow(("sphere", "box"), ("box", "box"))]
)
def test_gradients_are_numbers(first, second):
    """Even where all stand upright in one place."""
    check_gradients((first, second))


@pytest.mark.slow
@pytest.mark.parametrize("shapes", [*EXACT, *list(GAPS)[:10]])
def test_gradients_of_other_shapes_are_numbers(shapes):
    check_gradients(shapes)


def check_gradients(shapes):
    model, contacts, _ = machine(pair(*shapes))
    kinematics = contacts.kinematics

    @jax.jit
    @jax.grad
    def gradient(qpos):
        poses = kinematics(qpos)
        detected = contacts.detect(poses)
        linear, angular = contacts.jacobian(poses, detected)
        return sum(leaf.sum() for leaf in (detected.distance, detected.position, detected.frame, linear, angular))

    upright = np.zeros(model.nq)
    for free in range(model.njnt):
        upright[7 * free + 3] = 1
    for qpos in (upright, moment(model, 0).qpos):
        assert jnp.isfinite(gradient(np.float32(qpos))).all()


@pytest.mark.slow
def test_the_nearest_are_those_that_matter():
    model, contacts, detect = machine(WALKER)
    data = moment(model, 3, 0.1)
    detected = jax.vmap(lambda qpos: detect(qpos, qpos[1:])[0])(np.float32([data.qpos, model.qpos0]))
    few = jax.vmap(contacts.nearest, (0, None))(detected, 8)
    for i in range(2):
        present = np.asarray(detected.distance[i])[np.asarray(detected.present[i])]
        np.testing.assert_array_equal(few.distance[i], np.sort(present)[:8])  # all of one margin
        for name in ("distance", "frame", "position", "present"):
            found, every = getattr(few, name)[i], getattr(detected, name)[i]
            np.testing.assert_array_equal(found, np.asarray(every)[np.asarray(few.slot[i])])
    assert len(contacts.nearest(jax.tree.map(lambda leaf: leaf[0], detected), 10_000).slot) == len(contacts)


def test_one_that_acts_comes_before_one_that_is_nearer():
    """A contact begins at its margin."""
    balls = "".join(
        f'<body pos="{x} 0 {height + 0.1}"><freejoint/><geom size=".1" margin="{margin}"/></body>'
        for x, height, margin in ((0, 0.01, 0), (1, 0.02, 0.05), (2, 0.015, 0))
    )
    floor = '<geom type="plane" size="9 9 1"/>'
    model, _, detect = machine(f"<mujoco><worldbody>{floor}{balls}</worldbody></mujoco>")
    contacts = Contacts.of(model)
    detected, *_ = detect(np.float32(model.qpos0), np.zeros(model.nv, np.float32))
    few = contacts.nearest(detected, 2)
    np.testing.assert_allclose(few.distance, [0.02, 0.01], atol=1e-6)


@pytest.mark.slow
def test_jacobians_of_the_nearest_are_those_of_their_slots():
    model, contacts, detect = machine(WALKER)
    qpos, qvel = np.float32(model.qpos0), np.ones(model.nv, np.float32)
    _, (linear, angular), velocity = detect(qpos, qvel)

    @jax.jit
    def few(qpos):
        poses = contacts.kinematics(qpos)
        chosen = contacts.nearest(contacts.detect(poses), 8)
        return chosen.slot, contacts.jacobian(poses, chosen), contacts.velocity(poses, chosen, qvel)

    slot, found, found_velocity = few(qpos)
    np.testing.assert_allclose(found, (linear[slot], angular[slot]), atol=1e-6)
    np.testing.assert_allclose(found_velocity, velocity[slot], atol=1e-6)


def test_nothing_where_nothing_can_touch(cart_pole):
    assert Contacts.of(cart_pole.mj_model) is None
    silent = pair("box", "box").replace("<option", '<option><flag contact="disable"/></option><option')
    assert Contacts.of(mujoco.MjModel.from_xml_string(silent)) is None


def test_a_shape_that_is_not_modeled_is_told():
    mjcf = """<mujoco><asset><hfield name="hills" nrow="2" ncol="2" size="1 1 1 1"/></asset><worldbody>
    <geom name="hills" type="hfield" hfield="hills"/><body><freejoint/><geom name="ball" size="1"/></body>
    </worldbody></mujoco>"""
    with pytest.raises(UserError, match="a geom of type hfield, of `hills` and `ball` that may touch, are not modeled"):
        Contacts.of(mujoco.MjModel.from_xml_string(mjcf))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(seed=seeds)
def test_capsules_whose_axes_cross_push_each_other_sideways(dtype, seed):
    """As those of a planar robot do: of no distance at all no direction could be made, but of rounding errors."""
    rng = np.random.default_rng(seed)
    bodies = "".join(
        f'<body name="{name}"><joint type="slide" axis="1 0 0"/><joint type="slide" axis="0 0 1"/>'
        f'<joint axis="0 1 0"/><geom type="capsule" size=".05" fromto="0 0 -.3 0 0 .3"/></body>'
        for name in ("first", "second")
    )
    mjcf = f"<mujoco><worldbody>{bodies}</worldbody></mujoco>"
    model, _, detect = machine(mjcf)
    data = mujoco.MjData(model)
    place, angle = rng.uniform(-3, 3, 2), rng.uniform(-3, 3)
    data.qpos = [*place, angle, *(place + rng.uniform(-0.05, 0.05, 2)), angle + rng.uniform(0.5, 2.6)]
    data.qpos[:] = data.qpos.astype(np.float32)
    mujoco.mj_forward(model, data)
    (contact,) = data.contact
    assert abs(contact.frame[1]) > 0.99
    with jax.enable_x64(dtype == np.float64):
        detected, _, _ = detect(data.qpos.astype(dtype), data.qvel.astype(dtype))
    (slot,) = np.flatnonzero(np.asarray(detected.present))
    np.testing.assert_allclose(detected.normal[slot], contact.frame[:3], atol=1e-5)
    np.testing.assert_allclose(detected.distance[slot], contact.dist, atol=1e-5)
