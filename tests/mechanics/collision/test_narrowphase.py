"""Tests of the contacts of two shapes against MuJoCo: equal where they are exact, otherwise within bounds."""

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest
from collision_cases import (
    EXACT,
    PYRAMIDAL,
    counterparts,
    detect,
    efc_rows,
    frames,
    machine,
    pair,
    random_data,
    reported,
    seeds,
)
from hypothesis import given
from marks import slow

GRADIENTS = (  # each approximation, and the distance to each solid
    ("sphere", "ellipsoid"),
    ("sphere", "mesh"),
    ("capsule", "cylinder"),
    ("capsule", "mesh"),
    ("ellipsoid", "ellipsoid"),
    ("ellipsoid", "box"),
    ("box", "box"),
)
FAST = (("plane", "sphere"), ("capsule", "capsule"))
ACCURACY = {  # median and 90th percentile of the difference of least distances, mm, measured and rounded up
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


@pytest.mark.parametrize(("first", "second"), [*FAST, *slow(*(shapes for shapes in EXACT if shapes not in FAST))])
@given(seed=seeds)
def test_exact_contacts_match_mujoco(first, second, seed):
    """Every contact that MuJoCo reports, and no other."""
    mjcf = pair(first, second)
    data = random_data(machine(mjcf)[0], seed)
    _, contacts, (detected, (linear, angular), velocity) = detect(mjcf, data)
    assert reported(contacts, detected).sum() == data.ncon
    frame = frames(detected)
    for contact, slot in counterparts(contacts, detected, data):
        np.testing.assert_allclose(detected.distance[slot], contact.dist, atol=1e-9)
        np.testing.assert_allclose(detected.position[slot], contact.pos, atol=1e-9)
        np.testing.assert_allclose(frame[slot].ravel(), contact.frame, atol=1e-7)
        np.testing.assert_allclose(frame[slot] @ velocity[slot], linear[slot] @ data.qvel, atol=1e-9)
        if contact.efc_address >= 0:
            rows = efc_rows(contact, linear[slot], angular[slot], PYRAMIDAL)
            expected = data.efc_J.reshape(data.nefc, -1)[contact.efc_address :][: len(rows)]
            np.testing.assert_allclose(rows, expected, atol=1e-7)


def test_parallel_capsules_have_two_contacts():
    mjcf = pair("capsule", "capsule")
    model, _, _ = machine(mjcf)
    for shift in (0.0, 0.2, 0.55, 0.9):
        data = mujoco.MjData(model)
        first, second = model.geom_quat  # the inverse rotation makes both geoms upright
        data.qpos[3:7], data.qpos[10:14] = first * [1, -1, -1, -1], second * [1, -1, -1, -1]
        data.qpos[7:10] = [0.19, 0, shift]
        mujoco.mj_forward(model, data)
        _, contacts, (detected, _, _) = detect(mjcf, data)
        for contact, slot in counterparts(contacts, detected, data):
            np.testing.assert_allclose(detected.distance[slot], contact.dist, atol=1e-9)
            np.testing.assert_allclose(detected.position[slot], contact.pos, atol=1e-9)
        assert reported(contacts, detected).sum() == data.ncon == 2


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(seed=seeds)
def test_capsules_with_crossing_axes_have_mujocos_normal(dtype, seed):
    """The capsules of a planar robot: their axes have no distance, so that only rounding errors have a direction."""
    rng = np.random.default_rng(seed)
    bodies = "".join(
        f'<body name="{name}"><joint type="slide" axis="1 0 0"/><joint type="slide" axis="0 0 1"/>'
        f'<joint axis="0 1 0"/><geom type="capsule" size=".05" fromto="0 0 -.3 0 0 .3"/></body>'
        for name in ("first", "second")
    )
    model, _, evaluate = machine(f"<mujoco><worldbody>{bodies}</worldbody></mujoco>")
    data = mujoco.MjData(model)
    position, angle = rng.uniform(-3, 3, 2), rng.uniform(-3, 3)
    data.qpos = [*position, angle, *(position + rng.uniform(-0.05, 0.05, 2)), angle + rng.uniform(0.5, 2.6)]
    data.qpos[:] = data.qpos.astype(np.float32)
    mujoco.mj_forward(model, data)
    (contact,) = data.contact
    assert abs(contact.frame[1]) > 0.99
    with jax.enable_x64(dtype == np.float64):
        detected, _, _ = evaluate(data.qpos.astype(dtype), data.qvel.astype(dtype))
    (slot,) = np.flatnonzero(np.asarray(detected.present))
    np.testing.assert_allclose(detected.normal[slot], contact.frame[:3], atol=1e-5)
    np.testing.assert_allclose(detected.distance[slot], contact.dist, atol=1e-5)


def close_data(model, seed):
    """Return data whose deepest contact has a distance between -2 cm and 2 cm, or None."""
    data, target = random_data(model, seed), np.random.default_rng(seed).uniform(-0.02, 0.02)
    for _ in range(4):
        if not data.ncon:
            return None
        deepest = min(data.contact, key=lambda contact: contact.dist)
        data.qpos[-7:-4] += deepest.frame[:3] * (target - deepest.dist)
        mujoco.mj_forward(model, data)
    return data if data.ncon and abs(data.contact.dist.min()) < 0.03 else None


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second"), ACCURACY)
def test_approximate_contacts_are_as_accurate_as_documented(first, second):
    model, contacts, _ = machine(pair(first, second))
    close = [data for data in (close_data(model, seed) for seed in range(200)) if data]
    with jax.enable_x64(True):
        detect_all = jax.jit(jax.vmap(lambda qpos: contacts.detect(contacts.kinematics(qpos))))
        detected = detect_all(np.stack([data.qpos for data in close]))
        distance = np.where(detected.present, detected.distance, np.inf).min(axis=1)
    errors = 1e3 * np.abs(distance - [data.contact.dist.min() for data in close])
    assert len(errors) > 50
    median, percentile = ACCURACY[first, second]
    assert np.median(errors) < median
    assert np.percentile(errors, 90) < percentile


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second"), [*EXACT, *GRADIENTS])
def test_gradients_by_poses_are_finite(first, second):
    """Gradients by the poses of the bodies. Those of kinematics and of Jacobians do not depend on the shapes."""
    model, contacts, _ = machine(pair(first, second))

    @jax.jit
    @jax.grad
    def gradient(poses):
        detected = contacts.detect(poses)
        return sum(leaf.sum() for leaf in (detected.distance, detected.position, detected.frame))

    for qpos in extreme_positions(model):
        found = gradient(contacts.kinematics(qpos))
        assert all(jnp.isfinite(leaf).all() for leaf in jax.tree.leaves(found))


@pytest.mark.slow
def test_gradients_are_finite():
    """Gradients by the positions of joints, of all quantities, also if both solids are at the same position."""
    model, contacts, _ = machine(pair("sphere", "capsule"))

    @jax.jit
    @jax.grad
    def gradient(qpos):
        poses = contacts.kinematics(qpos)
        detected = contacts.detect(poses)
        linear, angular = contacts.jacobian(poses, detected)
        return sum(leaf.sum() for leaf in (detected.distance, detected.position, detected.frame, linear, angular))

    for qpos in extreme_positions(model):
        assert jnp.isfinite(gradient(qpos)).all()


def extreme_positions(model):
    """Return positions in which both solids are upright and at the same place, and random positions."""
    upright = np.zeros(model.nq)
    upright[3::7] = 1
    return [np.float32(qpos) for qpos in (upright, random_data(model, 0).qpos)]
