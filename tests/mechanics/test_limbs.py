"""Tests of limbs: their contributions to the mass matrix, and the inputs of their networks."""

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
    """A palm with a free joint, a thumb and a finger of two links."""
    link = '<joint axis=".3 1 .2"/><geom type="capsule" fromto="0 .01 0 .02 0 .1" size=".01"/>'
    finger = f'<body pos=".1 0 0">{link}<body pos="0 0 .1">{link}</body></body>'
    palm = f'<body><freejoint/><geom size=".1"/>{finger}<body pos="-.1 0 0">{link}</body></body>'
    return mujoco.MjModel.from_xml_string(f"<mujoco><worldbody>{palm}</worldbody></mujoco>")


def random_pose(model, seed=0):
    data = mujoco.MjData(model)
    mujoco.mj_integratePos(model, data.qpos, np.random.default_rng(seed).normal(size=model.nv), 1.0)
    mujoco.mj_forward(model, data)
    return data


def relative_poses(model, limb, qpos):
    kinematics = Kinematics.of(model)

    @jax.jit
    def evaluate(qpos):
        poses = kinematics(qpos)
        return limb.relative_poses(poses.position, poses.rotation)

    return np.asarray(evaluate(jnp.asarray(qpos, jnp.float32)))


def random_root(limb):
    return limb.root(jax.random.normal(jax.random.PRNGKey(0), (limb.mask.size,)))


def test_each_joint_of_the_base_carries_a_limb(quadruped, hand, robots):
    legs = [[*range(6), *range(first, first + 3)] for first in (6, 9, 12, 15)]
    assert [limb.dofs.tolist() for limb in Limb.all_of(quadruped)] == legs
    assert [limb.dofs.tolist() for limb in Limb.all_of(hand)] == [[*range(6), 6, 7], [*range(6), 8]]
    assert [limb.dofs.tolist() for limb in Limb.all_of(robots["double_cart_pole"].mj_model)] == [[0, 1, 2]]


def test_single_body_is_a_limb_without_inputs():
    xml = '<mujoco><worldbody><body><freejoint/><geom size=".1"/></body></worldbody></mujoco>'
    model = mujoco.MjModel.from_xml_string(xml)
    [limb] = Limb.all_of(model)
    assert limb.dofs.tolist() == [*range(6)]
    assert relative_poses(model, limb, random_pose(model).qpos).tolist() == [1.0]


@pytest.mark.slow
def test_relative_poses_depend_only_on_the_joints_of_the_limb(quadruped):
    reference, other = random_pose(quadruped, 0), random_pose(quadruped, 1)
    first, second = Limb.all_of(quadruped)[:2]
    mixed = other.qpos.copy()
    mixed[7:10] = reference.qpos[7:10]  # the first leg in the reference pose, the base elsewhere
    np.testing.assert_allclose(
        relative_poses(quadruped, first, mixed), relative_poses(quadruped, first, reference.qpos), atol=1e-5
    )
    assert (
        np.abs(relative_poses(quadruped, second, mixed) - relative_poses(quadruped, second, reference.qpos)).max() > 0.1
    )


def test_contribution_of_a_limb_to_mujocos_mass_matrix_depends_only_on_its_angles(quadruped):
    rng, data = np.random.default_rng(0), mujoco.MjData(quadruped)
    leg_angles = rng.normal(size=(2, 3))

    def difference(others):
        """Return the change of the base inertia between two poses of the first leg."""
        inertias = []
        for angles in leg_angles:
            data.qpos[7:] = np.concatenate([angles, others])
            full = np.zeros((quadruped.nv, quadruped.nv))
            mujoco.mj_forward(quadruped, data)
            mujoco.mj_fullM(quadruped, data, full)
            inertias.append(full[:6, :6])
        return inertias[1] - inertias[0]

    np.testing.assert_allclose(difference(rng.normal(size=9)), difference(rng.normal(size=9)), atol=1e-12)
    assert np.abs(difference(np.zeros(9))).max() > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("name", ["quadruped", "hand"])
def test_sum_of_limbs_has_the_sparsity_of_mujocos_mass_matrix(name, request):
    model = request.getfixturevalue(name)
    data, full = random_pose(model), np.zeros((model.nv, model.nv))
    mujoco.mj_fullM(model, data, full)
    rotation = jnp.asarray(data.xmat.reshape(-1, 3, 3))
    inertia = np.asarray(sum(limb.mass_matrix(random_root(limb), rotation) for limb in Limb.all_of(model)))
    assert ((np.abs(inertia) > 1e-6) == (np.abs(full) > 1e-12))[:, 6:].all()


def test_initial_mass_matrix_is_half_the_diagonal_of_the_mjcf(quadruped):
    rotation = jnp.asarray(random_pose(quadruped).xmat.reshape(-1, 3, 3))
    limbs = Limb.all_of(quadruped)
    inertia = sum(limb.mass_matrix(limb.root(jnp.zeros(limb.mask.size)), rotation) for limb in limbs)
    np.testing.assert_allclose(inertia, np.diag(0.49 / quadruped.dof_invweight0), rtol=1e-5, atol=1e-5)


def test_kinetic_energy_does_not_depend_on_the_orientation_of_the_base(quadruped):
    limb, rng = Limb.all_of(quadruped)[0], np.random.default_rng(0)
    upright = np.tile(np.eye(3), (quadruped.nbody, 1, 1))
    rotated = random_pose(quadruped).xmat.reshape(-1, 3, 3)
    v = rng.normal(size=quadruped.nv)
    rotated_v = v.copy()
    rotated_v[:3] = rotated[limb.tree.root] @ v[:3]
    cases = ((upright, v), (rotated, rotated_v))
    rates, rotated_rates = (limb.rates(jnp.asarray(r), jnp.asarray(w)) for r, w in cases)
    np.testing.assert_allclose(rates, rotated_rates, rtol=1e-4)
    root = random_root(limb)
    np.testing.assert_allclose(
        v @ limb.mass_matrix(root, jnp.asarray(upright)) @ v, jnp.sum((root @ rates) ** 2), rtol=1e-4
    )


def test_base_invariance_of_floating_and_fixed_bases(quadruped, cart_pole):
    base = BaseInvariance.of(quadruped, invariant_translations(quadruped))
    assert base.gravity.tolist() == [0, 0, -9.81, *[0] * 15]
    assert base.base_translation.nonzero()[0].tolist() == [0, 1, 2]
    assert not base.invariant.any()
    model = cart_pole.mj_model
    base = BaseInvariance.of(model, invariant_translations(model))
    assert (base.invariant.tolist(), base.invariant_qpos.tolist()) == ([True, False], [0])
    assert not base.gravity.any()
    assert not base.base_translation.any()
