"""Contacts against C MuJoCo: given where bodies touch, each row and what all of them do together are as there."""

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import optax
import pytest
from contact_cases import SOFT, Moment, every, model, moments, ones

from dynax.envs.state_space import StateSpace
from dynax.errors import UserError
from dynax.mechanics.collision.contacts import Contacts
from dynax.mechanics.constraints import ConstraintLayer, ContactRows, JointRows, UnconstrainedStep
from dynax.mechanics.constraints import joint_rows as joints_module
from dynax.mechanics.constraints.solve import Bounded, Cones, solve
from dynax.networks.constraints import LearnedConstraints

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
SOLVE = jax.jit(jax.vmap(solve, (0, 0, 0, None, None)), static_argnums=4)


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def rows_of(one: Moment) -> list[Bounded | Cones]:
    velocity = jnp.asarray(one.data.qvel)
    return every(one.rows, one.touch, velocity, jax.tree.map(jnp.asarray, ones(one.rows)))


def joint_rows(of: JointRows, one: Moment) -> list[Bounded | Cones]:
    factor = {name: jnp.ones(len(of)) for name in joints_module.FACTORS}
    return [of.bounded(jnp.asarray(one.state), factor)] if len(of) else []


@pytest.mark.parametrize("case", CASES, ids=str)
def test_each_row_is_mujocos(case):
    """Its Jacobian, its stiffness D and its reference acceleration, for the rows of contacts."""
    for one in moments(model(*case), 4):
        (rows,) = rows_of(one)
        first = one.data.efc_id.size - sum(one.data.efc_type >= 5)  # equalities, friction and limits come before
        wanted = slice(first, None)
        jacobian = one.data.efc_J.reshape(-1, len(one.data.qvel))[wanted]
        there = len(jacobian)
        if isinstance(rows, Bounded):
            np.testing.assert_allclose(rows.jacobian[:there], jacobian, atol=1e-12)
            np.testing.assert_allclose(rows.stiffness[:there], one.data.efc_D[wanted], rtol=1e-9)
            np.testing.assert_allclose(rows.reference[:there], one.data.efc_aref[wanted], rtol=1e-9, atol=1e-9)
            assert not rows.stiffness[there:].any()
            continue
        dim = rows.jacobian.shape[1]
        scale = np.concatenate([rows.slope[:, None], one.rows.friction[:, : dim - 1]], axis=1).ravel()[:there]
        flat = rows.jacobian.reshape(-1, len(one.data.qvel))[:there]
        np.testing.assert_allclose(flat / scale[:, None], jacobian, atol=1e-12)
        np.testing.assert_allclose(
            rows.reference.ravel()[:there] / scale, one.data.efc_aref[wanted], rtol=1e-9, atol=1e-9
        )
        stiffness = np.repeat(rows.stiffness, dim)[:there] * scale**2
        np.testing.assert_allclose(stiffness, one.data.efc_D[wanted], rtol=1e-9)
        assert not rows.stiffness[one.data.ncon :].any()


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_acceleration_is_mujocos(case):
    robot = model(*case)
    found, of = moments(robot, 16), JointRows.of(robot)
    rows = jax.tree.map(lambda *x: jnp.stack(x), *[joint_rows(of, one) + rows_of(one) for one in found])
    inertia, free, wanted = (
        np.stack(x) for x in zip(*((one.inertia, one.data.qacc_smooth, one.data.qacc) for one in found), strict=True)
    )
    force = SOLVE(inertia, free, rows, None, 12)
    off = np.linalg.norm(free + np.linalg.solve(inertia, force[..., None])[..., 0] - wanted, axis=1)
    assert (off / np.linalg.norm(wanted, axis=1)).max() < 1e-8
    # From the answer, the last step alone stays there.
    force = jax.jit(jax.vmap(solve))(inertia, free, rows, wanted)
    off = np.linalg.norm(free + np.linalg.solve(inertia, force[..., None])[..., 0] - wanted, axis=1)
    assert (off / np.linalg.norm(wanted, axis=1)).max() < 1e-8


def test_a_ball_is_stopped_at_its_angle():
    robot = model("leg", 1)
    of = JointRows.of(robot)
    assert len(of.balls) == 1
    stopped = 0
    for one in moments(robot, 20):
        rows, data = joint_rows(of, one)[0], one.data
        limits = np.flatnonzero(data.efc_type == 3)
        for row in limits[data.efc_id[limits] == 2]:
            stopped += 1
            np.testing.assert_allclose(rows.jacobian[1], data.efc_J.reshape(-1, robot.nv)[row], atol=1e-12)
            np.testing.assert_allclose(rows.stiffness[1], data.efc_D[row], rtol=1e-9)
            np.testing.assert_allclose(rows.reference[1], data.efc_aref[row], rtol=1e-9)
    assert stopped > 5


def layered(case, count):
    """The acceleration of `count` states as a function of the factors, and what MuJoCo says."""
    robot = model(*case)
    found = moments(robot, count)
    first = found[0].rows
    touch = jax.tree.map(lambda *x: jnp.stack(x), *[one.touch for one in found])
    velocity, inertia, free, wanted = (
        jnp.stack(x)
        for x in zip(*((o.data.qvel, o.inertia, o.data.qacc_smooth, o.data.qacc) for o in found), strict=True)
    )

    def acceleration(factor, start=None, iterations=12, free=free, inertia=inertia):
        def one(touch, velocity, inertia, free, start):
            rows = every(first, touch, velocity, factor)
            return free + jnp.linalg.solve(inertia, solve(inertia, free, rows, start, iterations))

        return jax.vmap(one, (0, 0, 0, 0, None if start is None else 0))(touch, velocity, inertia, free, start)

    return acceleration, jax.tree.map(jnp.asarray, ones(first)), free, inertia, wanted


@pytest.mark.slow
@pytest.mark.parametrize("cone", ["pyramidal", "elliptic"])
def test_its_gradient_is_that_of_its_values(cone):
    """In the factors, the free acceleration and the mass matrix."""
    acceleration, factor, free, inertia, _ = layered(("sphere", 4, cone, 2, SOFT), 12)
    weights = jnp.asarray(np.random.default_rng(1).normal(size=free.shape))

    @jax.jit
    def value(at):
        factor, free, inertia = at
        return (weights * acceleration(factor, free=free, inertia=inertia)).sum()

    at = (factor, free, inertia)
    gradient = jax.jit(jax.grad(value))(at)
    rng = np.random.default_rng(0)
    for leaf in range(len(jax.tree.leaves(at))):
        leaves, structure = jax.tree.flatten(at)
        way = jnp.asarray(rng.normal(size=leaves[leaf].shape))
        way = way + way.swapaxes(-1, -2) if leaf == len(leaves) - 1 else way
        size = 1e-6 * jnp.abs(leaves[leaf]).max()

        def moved(step, leaf=leaf, leaves=leaves, way=way, structure=structure):
            return structure.unflatten([*leaves[:leaf], leaves[leaf] + step * way, *leaves[leaf + 1 :]])

        slope = (value(moved(size)) - value(moved(-size))) / (2 * size)
        assert float((jax.tree.leaves(gradient)[leaf] * way).sum()) == pytest.approx(float(slope), rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("cone", ["pyramidal", "elliptic"])
def test_parameters_that_are_forty_percent_off_are_learned(cone):
    """From the true acceleration two iterations are enough in training."""
    acceleration, factor, _, _, wanted = layered(("sphere", 3, cone, 1, ""), 60)

    @jax.jit
    def train(logs):
        rule = optax.adam(optax.cosine_decay_schedule(0.05, 400))
        scale = jnp.linalg.norm(wanted, axis=1, keepdims=True)
        off = lambda logs: (acceleration(jax.tree.map(jnp.exp, logs), wanted, 2) - wanted) / scale  # noqa: E731
        loss = lambda logs: jnp.log1p(100 * (off(logs) ** 2).sum(axis=1)).mean()  # noqa: E731

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
def test_gradients_are_numbers_everywhere_in_float32():
    """At the tip of a cone and on its surface too, where the square root of the friction has no derivative."""
    y = np.float32([[0, 0, 0], [1, 0, 0], [-1, 0, 0], [0.5, 1, 0], [-2, 1, 0], [0, 1, 0]])
    with jax.enable_x64(False):
        cones = Cones(jnp.ones((6, 3, 3)) * jnp.eye(3), -y, jnp.full(6, 100.0), jnp.full(6, 0.5))
        value = lambda cones: (solve(jnp.eye(3), jnp.zeros(3), [cones], None, 4) ** 2).sum()  # noqa: E731
        gradients = jax.jit(jax.grad(value))(cones)
    assert all(np.isfinite(x).all() for x in jax.tree.leaves(gradients))


def test_the_layer_takes_contacts():
    """It has the factors of both kinds of rows, and its change of velocity is one step of MuJoCo."""
    robot = model("explicit", 3, "elliptic")
    space = StateSpace.of(robot)
    (one,) = moments(robot, 1)
    layer = LearnedConstraints(ConstraintLayer(space, JointRows.of(robot), one.rows))
    free = UnconstrainedStep(space.dt * jnp.asarray(one.data.qacc_smooth), jnp.asarray(one.inertia))
    state = jnp.asarray(one.state)
    touching = {3: (one.rows.dimensions[3], one.touch)}
    change, variables = jax.jit(layer.init_with_output)(jax.random.key(0), state, free, touching=touching)
    assert set(variables["params"]) == {f"contact_{name}" for name in ones(one.rows)}
    np.testing.assert_allclose(change, space.dt * one.data.qacc, rtol=1e-7)
    known = jax.jit(layer.apply)(variables, state, free, start=change, touching=touching)
    np.testing.assert_allclose(known, change, rtol=1e-7)


def test_slots_of_a_group_share_what_is_learned():
    (one,) = moments(model("box", 6, "elliptic"), 1)
    rows: ContactRows = one.rows
    assert rows.shapes == {"stiffness": (1,), "damping": (1,), "weight": (1,), "friction": (1, 3)}


@pytest.mark.parametrize(("what", "value"), [("adhesion", "1"), ("surfacevel", "1 0 0")])
def test_what_sticks_or_conveys_is_refused(what, value):
    robot = mujoco.MjModel.from_xml_string(f"""<mujoco><worldbody>
        <geom type="plane" size="1 1 1" {what}="{value}"/><body><freejoint/><geom size=".1"/></body>
    </worldbody></mujoco>""")
    with pytest.raises(UserError, match=f"model.constraints=layer does not know `{what}` of geoms"):
        ContactRows.of(robot, Contacts.of(robot))
