"""Tests of contact rows and of the constraint solve against MuJoCo, given MuJoCo's contacts."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import optax
import pytest
from contact_cases import SOFT, Moment, all_rows, model, moments, ones

from dynax.components.constraints import LearnedConstraints
from dynax.envs.state_space import StateSpace
from dynax.errors import UserError
from dynax.mechanics.collision.contacts import Contacts
from dynax.mechanics.constraints import ConstraintLayer, ContactRows, JointRows, UnconstrainedStep
from dynax.mechanics.constraints import joint_rows as joints_module
from dynax.mechanics.constraints.rows import BoundedRows, ConeRows
from dynax.mechanics.constraints.solve import solve

CASES = [  # body, condim, cone, impratio, geom
    ("sphere", 1, "elliptic", 1, ""),
    ("sphere", 3, "pyramidal", 3, SOFT),
    ("capsule", 4, "elliptic", 5, SOFT),
    ("box", 3, "elliptic", 1, ""),
    ("box", 6, "pyramidal", 1, ""),
    ("pair", 3, "elliptic", 0.5, ""),
    ("pair", 4, "pyramidal", 2, SOFT),
    ("leg", 3, "pyramidal", 1, ""),
    ("leg", 6, "elliptic", 2, SOFT),
    ("explicit", 3, "elliptic", 10, ""),
    ("explicit", 6, "elliptic", 1, ""),
]
SOLVED = [CASES[i] for i in (0, 2, 4, 6, 8, 9)]  # each number of rows of a contact, each cone, and limits of joints
SLOT_PARAMETERS = ("friction", "margin", "stiffness", "damping", "solimp", "invweight")
SOLVE = jax.jit(jax.vmap(solve, (0, 0, 0, None, None)), static_argnums=4)


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def rows_at(states: list[Moment], joints: JointRows | None = None) -> list[BoundedRows | ConeRows]:
    """Return the rows of joints and contacts, with a leading axis for the states."""

    def at_one(state, velocity, motion, parameters):
        of_joints = [] if joints is None else joint_rows(joints, state)
        rows = replace(states[0].rows, **parameters)
        return of_joints + all_rows(rows, motion, velocity, jax.tree.map(jnp.asarray, ones(rows)))

    inputs = [
        (one.state, one.data.qvel, one.motion, {name: getattr(one.rows, name) for name in SLOT_PARAMETERS})
        for one in states
    ]
    return jax.jit(jax.vmap(at_one))(*jax.tree.map(lambda *x: np.stack(x), *inputs))


def joint_rows(joints: JointRows, state: jax.Array) -> list[BoundedRows | ConeRows]:
    factor = {name: jnp.ones(len(joints)) for name in joints_module.FACTORS}
    return [joints.rows(state, factor)] if len(joints) else []


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_row_matches_mujoco(case):
    """The Jacobian, the weight D and the reference acceleration of the contact rows."""
    states = moments(model(*case), 4)
    (all_states,) = rows_at(states)
    for i, one in enumerate(states):
        rows = jax.tree.map(lambda x, i=i: np.asarray(x[i]), all_states)
        first = one.data.efc_id.size - sum(one.data.efc_type >= 5)  # equalities, friction and limits come before
        contact_rows = slice(first, None)
        jacobian = one.data.efc_J.reshape(-1, len(one.data.qvel))[contact_rows]
        count = len(jacobian)
        if isinstance(rows, BoundedRows):
            np.testing.assert_allclose(rows.jacobian[:count], jacobian, atol=1e-12)
            np.testing.assert_allclose(rows.weight[:count], one.data.efc_D[contact_rows], rtol=1e-9)
            np.testing.assert_allclose(rows.reference[:count], one.data.efc_aref[contact_rows], rtol=1e-9, atol=1e-9)
            assert not rows.weight[count:].any()
            continue
        dim = rows.jacobian.shape[1]
        scale = np.concatenate([rows.mu[:, None], one.rows.friction[:, : dim - 1]], axis=1).ravel()[:count]
        flat = rows.jacobian.reshape(-1, len(one.data.qvel))[:count]
        np.testing.assert_allclose(flat / scale[:, None], jacobian, atol=1e-12)
        np.testing.assert_allclose(
            rows.reference.ravel()[:count] / scale, one.data.efc_aref[contact_rows], rtol=1e-9, atol=1e-9
        )
        weight = np.repeat(rows.weight, dim)[:count] * scale**2
        np.testing.assert_allclose(weight, one.data.efc_D[contact_rows], rtol=1e-9)
        assert not rows.weight[one.data.ncon :].any()


@pytest.mark.slow
@pytest.mark.parametrize("case", SOLVED, ids=str)
def test_acceleration_matches_mujoco(case):
    robot = model(*case)
    states, joints = moments(robot, 16), JointRows.of(robot)
    rows = rows_at(states, joints)
    mass_matrix, free, expected = (
        np.stack(x)
        for x in zip(*((one.mass_matrix, one.data.qacc_smooth, one.data.qacc) for one in states), strict=True)
    )
    force = SOLVE(mass_matrix, free, rows, None, 12)
    error = np.linalg.norm(free + np.linalg.solve(mass_matrix, force[..., None])[..., 0] - expected, axis=1)
    assert (error / np.linalg.norm(expected, axis=1)).max() < 1e-8
    # The last step alone keeps the solution.
    force = jax.jit(jax.vmap(solve))(mass_matrix, free, rows, expected)
    error = np.linalg.norm(free + np.linalg.solve(mass_matrix, force[..., None])[..., 0] - expected, axis=1)
    assert (error / np.linalg.norm(expected, axis=1)).max() < 1e-8


@pytest.mark.slow
def test_limit_of_a_ball_joint_matches_mujoco():
    robot = model("leg", 1)
    joints = JointRows.of(robot)
    assert len(joints.balls) == 1
    compared = 0
    for one in moments(robot, 20):
        rows, data = joint_rows(joints, jnp.asarray(one.state))[0], one.data
        limits = np.flatnonzero(data.efc_type == 3)
        for row in limits[data.efc_id[limits] == 2]:
            compared += 1
            np.testing.assert_allclose(rows.jacobian[1], data.efc_J.reshape(-1, robot.nv)[row], atol=1e-12)
            np.testing.assert_allclose(rows.weight[1], data.efc_D[row], rtol=1e-9)
            np.testing.assert_allclose(rows.reference[1], data.efc_aref[row], rtol=1e-9)
    assert compared > 5


def problem(case, count):
    """Return the acceleration of `count` states as a function of the factors, and MuJoCo's acceleration."""
    robot = model(*case)
    states = moments(robot, count)
    first = states[0].rows
    motion = jax.tree.map(lambda *x: jnp.stack(x), *[one.motion for one in states])
    velocity, mass_matrix, free, expected = (
        jnp.stack(x)
        for x in zip(*((o.data.qvel, o.mass_matrix, o.data.qacc_smooth, o.data.qacc) for o in states), strict=True)
    )

    def acceleration(factor, start=None, iterations=12, free=free, mass_matrix=mass_matrix):
        def one(motion, velocity, mass_matrix, free, start):
            rows = all_rows(first, motion, velocity, factor)
            return free + jnp.linalg.solve(mass_matrix, solve(mass_matrix, free, rows, start, iterations))

        return jax.vmap(one, (0, 0, 0, 0, None if start is None else 0))(motion, velocity, mass_matrix, free, start)

    return acceleration, jax.tree.map(jnp.asarray, ones(first)), free, mass_matrix, expected


@pytest.mark.slow
@pytest.mark.parametrize("cone", ["pyramidal", "elliptic"])
def test_gradient_matches_finite_differences(cone):
    """In the factors, the unconstrained acceleration and the mass matrix."""
    acceleration, factor, free, mass_matrix, _ = problem(("sphere", 4, cone, 2, SOFT), 12)
    weights = jnp.asarray(np.random.default_rng(1).normal(size=free.shape))

    @jax.jit
    def value(at):
        factor, free, mass_matrix = at
        return (weights * acceleration(factor, free=free, mass_matrix=mass_matrix)).sum()

    at = (factor, free, mass_matrix)
    gradient = jax.jit(jax.grad(value))(at)
    rng = np.random.default_rng(0)
    for leaf in range(len(jax.tree.leaves(at))):
        leaves, structure = jax.tree.flatten(at)
        direction = jnp.asarray(rng.normal(size=leaves[leaf].shape))
        direction = direction + direction.swapaxes(-1, -2) if leaf == len(leaves) - 1 else direction
        size = 1e-6 * jnp.abs(leaves[leaf]).max()

        def shifted(step, leaf=leaf, leaves=leaves, direction=direction, structure=structure):
            return structure.unflatten([*leaves[:leaf], leaves[leaf] + step * direction, *leaves[leaf + 1 :]])

        slope = (value(shifted(size)) - value(shifted(-size))) / (2 * size)
        assert float((jax.tree.leaves(gradient)[leaf] * direction).sum()) == pytest.approx(float(slope), rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("cone", ["pyramidal", "elliptic"])
def test_parameters_with_errors_of_forty_percent_are_learned(cone):
    """Two iterations from the true acceleration suffice in training."""
    acceleration, factor, _, _, expected = problem(("sphere", 3, cone, 1, ""), 60)

    @jax.jit
    def train(logs):
        rule = optax.adam(optax.cosine_decay_schedule(0.05, 400))
        scale = jnp.linalg.norm(expected, axis=1, keepdims=True)
        error = lambda logs: (acceleration(jax.tree.map(jnp.exp, logs), expected, 2) - expected) / scale  # noqa: E731
        loss = lambda logs: jnp.log1p(100 * (error(logs) ** 2).sum(axis=1)).mean()  # noqa: E731

        def step(carry, _):
            logs, state = carry
            change, state = rule.update(jax.grad(loss)(logs), state)
            return (optax.apply_updates(logs, change), state), None

        return jax.lax.scan(step, (logs, rule.init(logs)), None, 400)[0][0]

    start = {
        name: jnp.full_like(x, np.log(1.4 if name in ("stiffness", "friction") else 0.6)) for name, x in factor.items()
    }
    learned = jax.tree.map(np.exp, train(start))
    for name, value in learned.items():
        np.testing.assert_allclose(value, 1, rtol=0.05 if name == "weight" else 0.005, err_msg=name)


@pytest.mark.slow
def test_gradients_are_finite_everywhere_in_float32():
    """Also at the tip and on the surface of a cone, where the norm of the friction has no derivative."""
    y = np.float32([[0, 0, 0], [1, 0, 0], [-1, 0, 0], [0.5, 1, 0], [-2, 1, 0], [0, 1, 0]])
    with jax.enable_x64(False):
        cones = ConeRows(jnp.ones((6, 3, 3)) * jnp.eye(3), -y, jnp.full(6, 100.0), jnp.full(6, 0.5))
        value = lambda cones: (solve(jnp.eye(3), jnp.zeros(3), [cones], None, 4) ** 2).sum()  # noqa: E731
        gradients = jax.jit(jax.grad(value))(cones)
    assert all(np.isfinite(x).all() for x in jax.tree.leaves(gradients))


@pytest.mark.slow
def test_layer_with_contacts_is_one_step_of_mujoco():
    robot = model("explicit", 3, "elliptic")
    space = StateSpace.of(robot)
    (one,) = moments(robot, 1)
    layer = LearnedConstraints(ConstraintLayer(space, JointRows.of(robot), one.rows))
    free = UnconstrainedStep(space.dt * jnp.asarray(one.data.qacc_smooth), jnp.asarray(one.mass_matrix))
    state = jnp.asarray(one.state)
    motion = {3: (one.rows.slots_by_condim[3], one.motion)}
    change, variables = jax.jit(layer.init_with_output)(jax.random.key(0), state, free, contact_motion=motion)
    assert set(variables["params"]) == {f"contact_{name}" for name in ones(one.rows)}
    np.testing.assert_allclose(change, space.dt * one.data.qacc, rtol=1e-7)
    from_solution = jax.jit(layer.apply)(variables, state, free, initial_change=change, contact_motion=motion)
    np.testing.assert_allclose(from_solution, change, rtol=1e-7)


def test_slots_of_a_group_share_their_factors():
    (one,) = moments(model("box", 6, "elliptic"), 1)
    rows: ContactRows = one.rows
    assert rows.factor_shapes == {"stiffness": (1,), "damping": (1,), "weight": (1,), "friction": (1, 3)}


@pytest.mark.parametrize(("attribute", "value"), [("adhesion", "1"), ("surfacevel", "1 0 0")])
def test_unsupported_attribute_of_a_geom_is_reported(attribute, value):
    robot = mujoco.MjModel.from_xml_string(f"""<mujoco><worldbody>
        <geom type="plane" size="1 1 1" {attribute}="{value}"/><body><freejoint/><geom size=".1"/></body>
    </worldbody></mujoco>""")
    with pytest.raises(UserError, match=f"model.constraints=layer does not support geoms with `{attribute}`"):
        ContactRows.of(robot, Contacts.of(robot))
