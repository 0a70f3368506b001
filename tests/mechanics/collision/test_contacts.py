"""Tests of all contacts of a robot: Jacobians, velocities, the nearest contacts, and what is supported."""

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest
from collision_cases import WALKER, counterparts, detect, efc_rows, machine, pair, random_data, seeds
from hypothesis import given

from dynax.errors import UserError
from dynax.mechanics.collision.contacts import Contacts


@pytest.mark.slow
@pytest.mark.parametrize("cone", ["elliptic", "pyramidal"])
@pytest.mark.parametrize("condim", [1, 3, 4, 6])
def test_jacobians_are_the_rows_of_mujocos_problem(cone, condim):
    mjcf = pair("plane", "capsule", condim).replace("<option", f'<option cone="{cone}"')
    compared = 0
    for seed in range(20):
        data = random_data(machine(mjcf)[0], seed)
        model, contacts, (detected, (linear, angular), _) = detect(mjcf, data)
        for contact, slot in counterparts(contacts, detected, data):
            if contact.efc_address >= 0:
                rows = efc_rows(contact, linear[slot], angular[slot], model.opt.cone)
                expected = data.efc_J.reshape(data.nefc, -1)[contact.efc_address :][: len(rows)]
                np.testing.assert_allclose(rows, expected, atol=1e-9)
                compared += 1
    assert compared > 5


@pytest.mark.slow
@given(seed=seeds)
def test_contacts_with_a_floor_move_with_the_robot(seed):
    """Distances do not change under a planar motion of the robot; positions, normals and velocities move with it."""
    mjcf = WALKER.replace('type="box" size=".2', 'contype="0" conaffinity="0" type="box" size=".2')
    data, rng = random_data(machine(mjcf)[0], seed), np.random.default_rng(seed)
    _, _, (before, _, velocity) = detect(mjcf, data)
    shift, half_angle = np.append(rng.normal(0, 1, 2), 0), rng.uniform(-np.pi, np.pi) / 2
    yaw, rotation = np.array([np.cos(half_angle), 0, 0, np.sin(half_angle)]), np.zeros(9)
    mujoco.mju_quat2Mat(rotation, yaw)
    rotation = rotation.reshape(3, 3)
    data.qpos[:3] = rotation @ data.qpos[:3] + shift
    mujoco.mju_mulQuat(data.qpos[3:7], yaw, data.qpos[3:7].copy())
    data.qvel[:3] = rotation @ data.qvel[:3]
    _, _, (after, _, velocity_after) = detect(mjcf, data)
    np.testing.assert_allclose(after.distance, before.distance, atol=1e-9)
    np.testing.assert_allclose(after.position, before.position @ rotation.T + shift, atol=1e-9)
    np.testing.assert_allclose(after.normal, before.normal @ rotation.T, atol=1e-9)
    np.testing.assert_allclose(velocity_after, velocity @ rotation.T, atol=1e-9)


@pytest.mark.slow
def test_float32_error_is_within_rounding():
    model, _, evaluate = machine(WALKER)
    for seed in range(5):
        data = random_data(model, seed, 0.1)
        _, _, exact = detect(WALKER, data)
        single = evaluate(np.float32(data.qpos), np.float32(data.qvel))
        assert not any(leaf.dtype == jnp.float64 for leaf in jax.tree.leaves(single))
        np.testing.assert_allclose(single[0].distance, exact[0].distance, atol=1e-5)
        np.testing.assert_allclose(single[2], exact[2], atol=1e-3)


@pytest.mark.slow
def test_nearest_contacts_have_the_least_distances():
    model, contacts, evaluate = machine(WALKER)
    data = random_data(model, 3, 0.1)
    for qpos in np.float32([data.qpos, model.qpos0]):
        detected, _, _ = evaluate(qpos, np.ones(model.nv, np.float32))
        nearest = contacts.nearest(detected, 8)
        present = np.asarray(detected.distance)[np.asarray(detected.present)]
        np.testing.assert_array_equal(nearest.distance, np.sort(present)[:8])  # all slots have the same margin
        for name in ("distance", "frame", "position", "present"):
            chosen, full = getattr(nearest, name), getattr(detected, name)
            np.testing.assert_array_equal(chosen, np.asarray(full)[np.asarray(nearest.slot)])
        assert len(contacts.nearest(detected, 10_000).slot) == len(contacts)


def test_nearest_contacts_are_ordered_by_the_distance_beyond_their_margin():
    balls = "".join(
        f'<body pos="{x} 0 {height + 0.1}"><freejoint/><geom size=".1" margin="{margin}"/></body>'
        for x, height, margin in ((0, 0.01, 0), (1, 0.02, 0.05), (2, 0.015, 0))
    )
    floor = '<geom type="plane" size="9 9 1"/>'
    model, contacts, evaluate = machine(f"<mujoco><worldbody>{floor}{balls}</worldbody></mujoco>")
    detected, *_ = evaluate(np.float32(model.qpos0), np.zeros(model.nv, np.float32))
    np.testing.assert_allclose(contacts.nearest(detected, 2).distance, [0.02, 0.01], atol=1e-6)


@pytest.mark.slow
def test_jacobians_of_the_nearest_contacts_are_those_of_their_slots():
    model, contacts, evaluate = machine(WALKER)
    qpos, qvel = np.float32(model.qpos0), np.ones(model.nv, np.float32)
    _, (linear, angular), velocity = evaluate(qpos, qvel)

    @jax.jit
    def evaluate_nearest(qpos):
        poses = contacts.kinematics(qpos)
        nearest = contacts.nearest(contacts.detect(poses), 8)
        return nearest.slot, contacts.jacobian(poses, nearest), contacts.velocity(poses, nearest, qvel)

    slot, jacobians, nearest_velocity = evaluate_nearest(qpos)
    np.testing.assert_allclose(jacobians, (linear[slot], angular[slot]), atol=1e-6)
    np.testing.assert_allclose(nearest_velocity, velocity[slot], atol=1e-6)


def test_model_without_possible_contacts_has_no_slots(cart_pole):
    assert Contacts.of(cart_pole.mj_model) is None
    disabled = pair("box", "box").replace("<option", '<option><flag contact="disable"/></option><option')
    assert Contacts.of(mujoco.MjModel.from_xml_string(disabled)) is None


def test_unsupported_shape_is_reported():
    mjcf = """<mujoco><asset><hfield name="hills" nrow="2" ncol="2" size="1 1 1 1"/></asset><worldbody>
    <geom name="hills" type="hfield" hfield="hills"/><body><freejoint/><geom name="ball" size="1"/></body>
    </worldbody></mujoco>"""
    message = r"contacts of a geom of type hfield \(between `hills` and `ball`\) are not supported"
    with pytest.raises(UserError, match=message):
        Contacts.of(mujoco.MjModel.from_xml_string(mjcf))
