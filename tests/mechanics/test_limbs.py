"""Limbs: how the mass matrix of a robot is the sum of theirs, and what each sees."""

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest

from dynax.mechanics.kinematics import Kinematics
from dynax.mechanics.limbs import BaseInvariance, Limb
from dynax.mjcf.invariances import invariant_translations


@pytest.fixture(scope="module")
def quadruped(quadruped):
    return quadruped.mj_model


@pytest.fixture(scope="module")
def hand():
    """A palm that floats, with a thumb and a finger of two links."""
    link = '<joint axis=".3 1 .2"/><geom type="capsule" fromto="0 .01 0 .02 0 .1" size=".01"/>'
    finger = f'<body pos=".1 0 0">{link}<body pos="0 0 .1">{link}</body></body>'
    palm = f'<body><freejoint/><geom size=".1"/>{finger}<body pos="-.1 0 0">{link}</body></body>'
    return mujoco.MjModel.from_xml_string(f"<mujoco><worldbody>{palm}</worldbody></mujoco>")


def at_random(model, seed=0):
    data = mujoco.MjData(model)
    mujoco.mj_integratePos(model, data.qpos, np.random.default_rng(seed).normal(size=model.nv), 1.0)
    mujoco.mj_forward(model, data)
    return data


def seen(model, limb, qpos):
    kinematics = Kinematics.of(model)

    @jax.jit
    def see(qpos):
        poses = kinematics(qpos)
        return limb.seen(poses.position, poses.rotation)

    return np.asarray(see(jnp.asarray(qpos, jnp.float32)))


def root_of(limb):
    return limb.root(jax.random.normal(jax.random.PRNGKey(0), (limb.mask.size,)))


def test_each_limb_hangs_on_the_base(quadruped, hand, robots):
    legs = [[*range(6), *range(first, first + 3)] for first in (6, 9, 12, 15)]
    assert [limb.dofs.tolist() for limb in Limb.every(quadruped)] == legs
    assert [limb.dofs.tolist() for limb in Limb.every(hand)] == [[*range(6), 6, 7], [*range(6), 8]]
    assert [limb.dofs.tolist() for limb in Limb.every(robots["double_cart_pole"].mj_model)] == [[0, 1, 2]]


def test_a_lone_body_is_a_limb_that_sees_nothing():
    xml = '<mujoco><worldbody><body><freejoint/><geom size=".1"/></body></worldbody></mujoco>'
    model = mujoco.MjModel.from_xml_string(xml)
    [limb] = Limb.every(model)
    assert limb.dofs.tolist() == [*range(6)]
    assert seen(model, limb, at_random(model).qpos).tolist() == [1.0]


def test_a_limb_sees_its_own_joints_alone(quadruped):
    here, there = at_random(quadruped, 0), at_random(quadruped, 1)
    first, second = Limb.every(quadruped)[:2]
    mixed = there.qpos.copy()
    mixed[7:10] = here.qpos[7:10]  # the first leg as it was, under a base that stands elsewhere
    np.testing.assert_allclose(seen(quadruped, first, mixed), seen(quadruped, first, here.qpos), atol=1e-5)
    assert np.abs(seen(quadruped, second, mixed) - seen(quadruped, second, here.qpos)).max() > 0.1


def test_what_a_limb_adds_to_mujocos_mass_matrix_depends_on_its_own_angles_alone(quadruped):
    rng, data = np.random.default_rng(0), mujoco.MjData(quadruped)
    own = rng.normal(size=(2, 3))

    def added(others):
        """To the inertia of the base, between two poses of the first leg."""
        found = []
        for angles in own:
            data.qpos[7:] = np.concatenate([angles, others])
            full = np.zeros((quadruped.nv, quadruped.nv))
            mujoco.mj_forward(quadruped, data)
            mujoco.mj_fullM(quadruped, data, full)
            found.append(full[:6, :6])
        return found[1] - found[0]

    np.testing.assert_allclose(added(rng.normal(size=9)), added(rng.normal(size=9)), atol=1e-12)
    assert np.abs(added(np.zeros(9))).max() > 1e-3


@pytest.mark.parametrize("name", ["quadruped", "hand"])
def test_the_limbs_cover_mujocos_mass_matrix_and_no_more(name, request):
    model = request.getfixturevalue(name)
    data, full = at_random(model), np.zeros((model.nv, model.nv))
    mujoco.mj_fullM(model, data, full)
    rotation = jnp.asarray(data.xmat.reshape(-1, 3, 3))
    found = np.asarray(sum(limb.inertia(root_of(limb), rotation) for limb in Limb.every(model)))
    assert ((np.abs(found) > 1e-6) == (np.abs(full) > 1e-12))[:, 6:].all()


def test_without_entries_the_mass_matrix_is_a_half_of_what_the_mjcf_seems_to_say(quadruped):
    rotation = jnp.asarray(at_random(quadruped).xmat.reshape(-1, 3, 3))
    limbs = Limb.every(quadruped)
    found = sum(limb.inertia(limb.root(jnp.zeros(limb.mask.size)), rotation) for limb in limbs)
    np.testing.assert_allclose(found, np.diag(0.49 / quadruped.dof_invweight0), rtol=1e-5, atol=1e-5)


def test_kinetic_energy_does_not_know_where_the_base_looks(quadruped):
    limb, rng = Limb.every(quadruped)[0], np.random.default_rng(0)
    ahead = np.tile(np.eye(3), (quadruped.nbody, 1, 1))
    turned = at_random(quadruped).xmat.reshape(-1, 3, 3)
    v = rng.normal(size=quadruped.nv)
    same = v.copy()
    same[:3] = turned[limb.tree.body] @ v[:3]
    found = [limb.rates(jnp.asarray(r), jnp.asarray(w)) for r, w in ((ahead, v), (turned, same))]
    np.testing.assert_allclose(*found, rtol=1e-4)
    root, rates = root_of(limb), found[0]
    np.testing.assert_allclose(v @ limb.inertia(root, jnp.asarray(ahead)) @ v, jnp.sum((root @ rates) ** 2), rtol=1e-4)


def test_the_ground_is_felt_by_what_stands_and_not_by_what_floats(quadruped, cart_pole):
    ground = BaseInvariance.of(quadruped, invariant_translations(quadruped))
    assert ground.fall.tolist() == [0, 0, -9.81, *[0] * 15]
    assert ground.linear.nonzero()[0].tolist() == [0, 1, 2]
    assert not ground.idle.any()
    model = cart_pole.mj_model
    ground = BaseInvariance.of(model, invariant_translations(model))
    assert (ground.idle.tolist(), ground.zero.tolist()) == ([True, False], [0])
    assert not ground.fall.any()
    assert not ground.linear.any()
