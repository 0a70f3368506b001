"""The representation: invariance to yaw and position, unit quaternions, and unobserved coordinates."""

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest
from marks import slow

from dynax.architectures import MechanicalDynamicsModel, MLPDynamicsModel, TransformerDynamicsModel
from dynax.config.schema import TrainingConfig
from dynax.data.simulate import diverged, simulate
from dynax.data.trajectories import Trajectories
from dynax.envs import MjcfEnv
from dynax.errors import UserError
from dynax.evaluation import metrics
from dynax.math import rotations
from dynax.mechanics.collision.contacts import Contacts
from dynax.representation.frames import FRAMES, WorldFrame
from dynax.representation.representation import Representation
from dynax.training import fitting

BALL = """<mujoco><option gravity="0 0 0" timestep="0.01"/><worldbody><body>
<freejoint name="ball"/><geom size=".1"/></body></worldbody></mujoco>"""
ACTIVE = """<mujoco><option timestep="0.005"/><worldbody><body pos="0 0 2">
<joint name="shoulder" type="ball"/><geom type="capsule" fromto="0 0 0 0 0 -1" size=".05"/>
<body pos="0 0 -1"><joint name="elbow" axis="0 1 0"/><geom type="capsule" fromto="0 0 0 .5 0 0" size=".05"/></body>
</body></worldbody><actuator><general joint="elbow" dyntype="filter" dynprm=".1" gainprm="2"/></actuator></mujoco>"""


def representation(env, target="acceleration", frame="robot", angles="sincos", constraints="features", drop=True):
    return Representation.of(env, angles, target, constraints, drop, frame)


def steps(env, n=16, length=20):
    """Consecutive states (n, length, S) of the simulator."""
    rng = np.random.default_rng(0)
    low, high = env.action_bounds
    actions = rng.uniform(low, high, (n, length, env.action_dim))
    paths = simulate(env, env.sample_states(rng, n), actions, "native")
    return paths[~diverged(paths)]


@pytest.fixture(scope="module")
def active():
    return MjcfEnv(xml="active.xml", mjcf=ACTIVE)


@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("target", ["delta", "acceleration"])
def test_the_exact_target_leads_to_the_next_state(every_robot, target, frame):
    paths = steps(every_robot)
    maps = representation(every_robot, target, frame)
    predicted = maps.targets(paths[:, :-1], paths[:, 1:])
    assert predicted.shape[-1] == len(maps.target_index)
    again = maps.integrate(paths[:, :-1], predicted)
    np.testing.assert_allclose(every_robot.space.difference(paths[:, 1:], again), 0, atol=1e-9)


@pytest.mark.parametrize("decimation", [1, 3])
@pytest.mark.parametrize("target", ["delta", "acceleration"])
def test_activations_are_features_and_targets(active, target, decimation):
    env = MjcfEnv(xml="active.xml", mjcf=ACTIVE, decimation=decimation)
    maps, paths = representation(env, target), steps(env)
    assert maps.sizes == (2 + 6, 4, 1)
    assert len(maps.target_index) == (5 if target == "acceleration" and decimation == 1 else 9)
    again = maps.integrate(paths[:, :-1], maps.targets(paths[:, :-1], paths[:, 1:]))
    np.testing.assert_allclose(env.space.difference(paths[:, 1:], again), 0, atol=1e-9)
    assert np.abs(np.diff(env.space.act(paths), axis=1)).max() > 1e-3


def test_features_are_positions_then_velocities_then_others(every_robot):
    maps, [state] = representation(every_robot), every_robot.sample_states(np.random.default_rng(0), 1)
    positions, velocities, _ = maps.sizes
    features = maps.features(state)
    assert features.shape == (sum(maps.sizes),)
    faster = state + np.r_[np.zeros(every_robot.space.nq), np.ones(every_robot.space.nv + every_robot.space.na)]
    changed = features != maps.features(faster)
    assert not changed[:positions].any()
    assert changed[positions : positions + velocities].all()


# A floating base at different positions and yaws.


def small(kind, env, **options):
    """Return a model with random weights and its variables. Its predictions are lively and stay bounded."""
    if kind == "mechanical":
        model = MechanicalDynamicsModel(env=env, hidden_dims=(16,), **options)
    elif kind == "transformer":
        model = TransformerDynamicsModel(env=env, width=16, num_layers=1, num_heads=2, history=4, **options)
    else:
        model = MLPDynamicsModel(env=env, hidden_dims=(16,), **options)
    statistics = model.identity_normalization()
    statistics["target"]["std"] *= 0.01
    variables = model.create(jax.random.PRNGKey(0), statistics)
    for name, layer in variables["params"]["network"].items() if kind == "mlp" else ():
        if (
            name.startswith("Dense_") and name != "Dense_0"
        ):  # of a refinement step, whose inputs are large for stiff contacts
            layer["kernel"] = layer["kernel"] * 0.001
    return model, variables


def given(env, history, length, n=3):
    """Consecutive states (n, h, S) to start from, and actions (n, h - 1 + length, A)."""
    rng = np.random.default_rng(1)
    actions = rng.uniform(-1, 1, (n, history - 1 + length, env.action_dim))
    return simulate(env, env.sample_states(rng, n), actions[:, :history], "native")[:, :history], actions


def displaced(space, states, angle=2.0, shift=(0.7, -0.4, 0.0)):
    """States (..., S) of a robot with one free joint after a yaw and a displacement."""
    states, yaw = states.copy(), np.array([np.cos(angle / 2), 0, 0, np.sin(angle / 2)])
    matrix = rotations.matrix(yaw)
    states[..., :3] = states[..., :3] @ matrix.T + shift
    states[..., 3:7] = rotations.multiply(yaw, states[..., 3:7])
    velocity = slice(space.nq, space.nq + 3)
    states[..., velocity] = states[..., velocity] @ matrix.T
    return states


OPTIONS = {
    "mlp": ("mlp", {}),
    "mlp with raw angles": ("mlp", {"angles": "raw"}),
    "mlp with a delta target": ("mlp", {"target": "delta"}),
    "mlp with a history": ("mlp", {"history": 3}),
    "transformer": ("transformer", {}),
    "mechanical": ("mechanical", {"constraints": "none"}),
}


@pytest.mark.parametrize("name", ["mlp", *slow(*list(OPTIONS)[1:])])
def test_predictions_rotate_and_move_with_the_initial_state(quadruped, name):
    kind, options = OPTIONS[name]
    model, variables = small(kind, quadruped, **options)
    states, actions = given(quadruped, model.history, 100)
    here = np.asarray(model.rollout(states, actions, variables), float)
    there = np.asarray(model.rollout(displaced(quadruped.space, states), actions, variables), float)
    assert np.abs(quadruped.space.difference(here[:, 0], here[:, -1])).max() > 0.1
    off = quadruped.space.difference(displaced(quadruped.space, here), there)
    np.testing.assert_allclose(off, 0, atol=1e-5)


@pytest.mark.slow
def test_with_pyramidal_friction_they_rotate_by_quarter_turns(quadruped):
    """The edges of MuJoCo's friction pyramids are along world axes."""
    model, variables = small("mlp", quadruped, constraints="layer")
    states, actions = given(quadruped, 1, 5)
    here, there = (
        np.asarray(model.rollout(x, actions, variables), float)
        for x in (states, displaced(quadruped.space, states, angle=np.pi / 2))
    )
    off = quadruped.space.difference(displaced(quadruped.space, here, angle=np.pi / 2), there)
    np.testing.assert_allclose(off, 0, atol=1e-4 * max(1, np.abs(here).max()))


@pytest.mark.slow
def test_with_elliptic_friction_they_rotate_by_any_angle(quadruped):
    env = MjcfEnv(xml="round.xml", mjcf=quadruped.mjcf.replace("<option", '<option cone="elliptic"', 1))
    model, variables = small("mlp", env, constraints="layer")
    states, actions = given(quadruped, 1, 5)
    here, there = (
        np.asarray(model.rollout(x, actions, variables), float) for x in (states, displaced(env.space, states))
    )
    off = env.space.difference(displaced(env.space, here), there)
    np.testing.assert_allclose(off, 0, atol=1e-4 * max(1, np.abs(here).max()))


@pytest.mark.slow
def test_in_the_world_frame_they_do_not_rotate(quadruped):
    model, variables = small("mlp", quadruped, frame="world")
    states, actions = given(quadruped, 1, 20)
    paths = [
        np.asarray(model.rollout(x, actions, variables), float) for x in (states, displaced(quadruped.space, states))
    ]
    assert np.abs(quadruped.space.difference(displaced(quadruped.space, paths[0]), paths[1])).max() > 1e-3


def test_a_robot_with_an_unobserved_base_has_no_base_frame(quadruped):
    knees = [name for name in quadruped.space.joints if name.endswith("knee")]
    env = type(quadruped)(observe=tuple(knees))
    assert isinstance(representation(env).frame, WorldFrame)
    assert representation(env).sizes[:2] == (3 * 4, 4)


@pytest.mark.parametrize("frame", FRAMES)
def test_quaternions_are_of_unit_length_after_ten_thousand_steps(quadruped, frame):
    maps = representation(quadruped, frame=frame)
    changes = np.random.default_rng(0).normal(0, 0.1, (10_000, 2, len(maps.target_index))).astype(np.float32)
    states = quadruped.sample_states(np.random.default_rng(0), 2).astype(np.float32)

    @jax.jit
    def walk(states, changes):
        return jax.lax.scan(lambda s, change: (maps.integrate(s, change),) * 2, states, changes)[1]

    path = np.asarray(walk(states, changes))
    assert np.isfinite(path).all()
    np.testing.assert_allclose(np.linalg.norm(path[..., 3:7], axis=-1), 1, atol=1e-6)


@pytest.mark.parametrize("frame", FRAMES)
def test_a_zero_target_of_a_free_body_is_a_rotation_about_a_fixed_axis(frame):
    env = MjcfEnv(xml="ball.xml", mjcf=BALL)
    maps, [state] = representation(env, frame=frame), env.sample_states(np.random.default_rng(0), 1)
    path = [state]
    for _ in range(1000):
        path.append(maps.integrate(path[-1], np.zeros(len(maps.target_index))))
    linear, angular = np.split(env.space.qvel(state), 2)
    time = env.dt * np.arange(1001)[:, None]
    turned = rotations.multiply(np.tile(state[3:7], (1001, 1)), rotations.exp(time * angular))
    wanted = np.concatenate([state[:3] + time * linear, turned, np.tile(env.space.qvel(state), (1001, 1))], axis=1)
    np.testing.assert_allclose(env.space.difference(wanted, np.array(path)), 0, atol=1e-9)


@pytest.mark.parametrize("frame", FRAMES)
def test_the_target_of_a_free_body_without_forces_is_zero(frame):
    env = MjcfEnv(xml="ball.xml", mjcf=BALL)
    paths, maps = steps(env), representation(env, frame=frame)
    np.testing.assert_allclose(maps.targets(paths[:, :-1], paths[:, 1:]), 0, atol=1e-9)


# Unobserved coordinates.

OBSERVED = {
    "only positions": ("double_cart_pole", ("qpos",)),
    "one joint": ("double_cart_pole", ("hinge1",)),
    "positions of a floating base": ("quadruped", ("qpos",)),
}


@pytest.fixture(params=[*OBSERVED, "one limited joint", "joints but no activation"])
def partly_observed(request, robots, quadruped, active):
    """A robot with unobserved coordinates of several kinds."""
    if request.param == "one limited joint":
        return type(robots["three_link"])(observe=(robots["three_link"].space.joints[1],))
    if request.param == "joints but no activation":
        return MjcfEnv(xml="active.xml", mjcf=ACTIVE, observe=active.space.joints)
    name, what = OBSERVED[request.param]
    env = {**robots, "quadruped": quadruped}[name]
    return type(env)(observe=what if what == ("qpos",) else (env.space.joints[1],))


def disturbed(env, states):
    """The same states with other values of unobserved coordinates."""
    noise = np.random.default_rng(5).normal(size=(*states.shape[:-1], env.space.tangent_dim))
    return env.space.add(states, noise * ~env.space.observed)


def test_a_model_observes_the_observed_coordinates_of_its_robot(partly_observed):
    model = MLPDynamicsModel(env=partly_observed)
    assert np.array_equal(model.observed, partly_observed.space.observed)
    assert 0 < model.observed.sum() < len(model.observed)


@pytest.mark.parametrize("constraints", ["none", "features"])
@pytest.mark.parametrize("target", ["delta", "acceleration"])
@pytest.mark.parametrize("angles", ["raw", "sincos"])
def test_no_unobserved_coordinate_enters_a_feature_or_a_target(partly_observed, angles, target, constraints):
    maps = representation(partly_observed, target, angles=angles, constraints=constraints)
    states = 1.3 * steps(partly_observed)  # some beyond their limits
    states = partly_observed.space.add(states, np.zeros((*states.shape[:-1], partly_observed.space.tangent_dim)))
    others = disturbed(partly_observed, states)
    assert not np.array_equal(others, states)
    np.testing.assert_allclose(maps.features(others), maps.features(states), atol=1e-12)
    here, there = (maps.targets(x[:, :-1], x[:, 1:]) for x in (states, others))
    np.testing.assert_allclose(there, here, atol=1e-12)


def test_no_unobserved_coordinate_enters_a_prediction(partly_observed):
    model, variables = small("mlp", partly_observed, history=2)
    states, actions = given(partly_observed, 2, 30)
    here, there = (
        np.asarray(model.rollout(x, actions, variables), float) for x in (states, disturbed(partly_observed, states))
    )
    off = partly_observed.space.difference(here, there)[..., partly_observed.space.observed]
    np.testing.assert_allclose(off, 0, atol=1e-5)
    change = partly_observed.space.difference(here[:, 0], here[:, -1])
    assert np.abs(change[..., partly_observed.space.observed]).max() > 1e-3
    np.testing.assert_allclose(change[..., ~partly_observed.space.observed], 0, atol=1e-6)  # it keeps its initial value


def test_no_unobserved_coordinate_is_scored(partly_observed):
    truth = steps(partly_observed)
    predicted = partly_observed.space.add(truth, np.full((*truth.shape[:-1], partly_observed.space.tangent_dim), 1e-3))
    scale = metrics.state_std(partly_observed.space, truth)
    one, other = (
        metrics.normalized_error(partly_observed.space, truth, x, scale)
        for x in (predicted, disturbed(partly_observed, predicted))
    )
    np.testing.assert_allclose(one, other, rtol=1e-9)
    assert one.min() > 0


def test_the_exact_target_leads_to_the_next_observed_coordinates(partly_observed):
    paths, maps = steps(partly_observed), representation(partly_observed)
    again = maps.integrate(paths[:, :-1], maps.targets(paths[:, :-1], paths[:, 1:]))
    off = partly_observed.space.difference(paths[:, 1:], again)[..., partly_observed.space.observed]
    np.testing.assert_allclose(off, 0, atol=1e-9)


@pytest.mark.slow
def test_a_model_of_a_partly_observed_robot_can_be_trained(partly_observed):
    paths = steps(partly_observed, n=6)
    rng = np.random.default_rng(0)
    data = Trajectories(paths, rng.uniform(-1, 1, (len(paths), paths.shape[1] - 1, partly_observed.action_dim)))
    model = MLPDynamicsModel(env=partly_observed, hidden_dims=(8,), history=2)
    config = TrainingConfig(num_epochs=1, batch_size=32, unroll_epochs=1, unroll_horizons=(2,), input_noise=0.1)
    state, normalization = fitting.start(model, data, config, jax.random.PRNGKey(0))
    last = list(fitting.every(fitting.fit(model, *data.split(0.3), normalization, config, state)))[-1]
    assert np.isfinite([last.loss, last.val_nrmse]).all()


def test_a_constraint_layer_needs_a_completely_observed_robot(partly_observed):
    with pytest.raises(UserError, match=r"constraints=layer needs completely observed .* env.observe=all"):
        MLPDynamicsModel(env=partly_observed, constraints="layer")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"frame": "robbot"}, r"model.frame=robbot is not one of world, robot \(did you mean `robot`\?\)"),
        ({"target": "velocity"}, "model.target=velocity is not one of delta, acceleration"),
    ],
)
def test_an_unknown_value_of_an_option_is_an_error(quadruped, option, message):
    with pytest.raises(UserError, match=message):
        representation(quadruped, **option)


def test_without_gravity_and_floor_there_is_no_upward_direction():
    env = MjcfEnv(xml="ball.xml", mjcf=BALL)
    assert representation(env).sizes == (0, 6, 0)
    assert mujoco.MjModel.from_xml_string(BALL).opt.gravity.tolist() == [0, 0, 0]


def test_numpy_and_jax_agree(every_robot):
    touches = Contacts.of(every_robot.mj_model) is not None  # at the threshold, a contact is active in one precision
    model = MLPDynamicsModel(env=every_robot, constraints="none" if touches else "features")
    states = 1.5 * every_robot.sample_states(np.random.default_rng(0), 200).astype(np.float32)  # some beyond limits
    by_jax = jax.jit(model.features)(jnp.asarray(states))
    assert isinstance(by_jax, jnp.ndarray)
    np.testing.assert_allclose(by_jax, model.features(states), atol=2e-6)


@pytest.mark.slow
def test_leading_axes_and_float64_are_kept(every_robot):
    model = MLPDynamicsModel(env=every_robot)
    states = every_robot.sample_states(np.random.default_rng(0), 6).reshape(2, 3, -1)
    features = model.features(states)
    assert features.shape == (2, 3, model.feature_dim)
    assert features.dtype == np.float64
