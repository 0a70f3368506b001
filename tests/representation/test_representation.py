"""What a model sees and predicts: it moves with the world, stays on its manifold, and ignores what is hidden."""

import jax
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
from dynax.representation.frames import FRAMES
from dynax.representation.representation import Representation
from dynax.training import Training

BALL = """<mujoco><option gravity="0 0 0" timestep="0.01"/><worldbody><body>
<freejoint name="ball"/><geom size=".1"/></body></worldbody></mujoco>"""
ACTIVE = """<mujoco><option timestep="0.005"/><worldbody><body pos="0 0 2">
<joint name="shoulder" type="ball"/><geom type="capsule" fromto="0 0 0 0 0 -1" size=".05"/>
<body pos="0 0 -1"><joint name="elbow" axis="0 1 0"/><geom type="capsule" fromto="0 0 0 .5 0 0" size=".05"/></body>
</body></worldbody><actuator><general joint="elbow" dyntype="filter" dynprm=".1" gainprm="2"/></actuator></mujoco>"""


def representation(env, target="acceleration", frame="robot", angles="sincos", constraints="features", drop=True):
    return Representation(env, angles, target, constraints, drop, frame)


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
    assert predicted.shape[-1] == len(maps.predicted)
    again = maps.integrate(paths[:, :-1], predicted)
    np.testing.assert_allclose(every_robot.space.difference(paths[:, 1:], again), 0, atol=1e-9)


@pytest.mark.parametrize("decimation", [1, 3])
@pytest.mark.parametrize("target", ["delta", "acceleration"])
def test_activations_are_seen_and_predicted_too(active, target, decimation):
    env = MjcfEnv(xml="active.xml", mjcf=ACTIVE, decimation=decimation)
    maps, paths = representation(env, target), steps(env)
    assert maps.sizes == (2 + 6, 4, 1)
    assert len(maps.predicted) == (5 if target == "acceleration" and decimation == 1 else 9)
    again = maps.integrate(paths[:, :-1], maps.targets(paths[:, :-1], paths[:, 1:]))
    np.testing.assert_allclose(env.space.difference(paths[:, 1:], again), 0, atol=1e-9)
    assert np.abs(np.diff(env.space.act(paths), axis=1)).max() > 1e-3


def test_features_are_positions_then_velocities_then_what_is_left(every_robot):
    maps, [state] = representation(every_robot), every_robot.sample_states(np.random.default_rng(0), 1)
    positions, velocities, _ = maps.sizes
    seen = maps.features(state)
    assert seen.shape == (sum(maps.sizes),)
    faster = state + np.r_[np.zeros(every_robot.space.nq), np.ones(every_robot.space.nv + every_robot.space.na)]
    changed = seen != maps.features(faster)
    assert not changed[:positions].any()
    assert changed[positions : positions + velocities].all()


# A robot that floats, wherever it is put.


def small(kind, env, **options):
    """A model of random weights, and its variables: its predictions are lively and stay in the room."""
    if kind == "mechanical":
        model = MechanicalDynamicsModel(env=env, hidden_dims=(16,), **options)
    elif kind == "transformer":
        model = TransformerDynamicsModel(env=env, width=16, num_layers=1, num_heads=2, history=4, **options)
    else:
        model = MLPDynamicsModel(env=env, hidden_dims=(16,), **options)
    width = {"features": model.feature_dim, "actions": model.action_dim, "target": model.target_dim}
    statistics = {k: {"mean": np.zeros(n, np.float32), "std": np.ones(n, np.float32)} for k, n in width.items()}
    statistics["target"]["std"] *= 0.01
    variables = model.create(jax.random.PRNGKey(0), statistics)
    for name, layer in variables["params"]["network"].items() if kind == "mlp" else ():
        if name.startswith("Dense_") and name != "Dense_0":  # of a round, to which stiff contacts shout
            layer["kernel"] = layer["kernel"] * 0.001
    return model, variables


def given(env, history, length, n=3):
    """Consecutive states (n, h, S) to start from, and actions (n, h - 1 + length, A)."""
    rng = np.random.default_rng(1)
    actions = rng.uniform(-1, 1, (n, history - 1 + length, env.action_dim))
    return simulate(env, env.sample_states(rng, n), actions[:, :history], "native")[:, :history], actions


def moved(space, states, angle=2.0, shift=(0.7, -0.4, 0.0)):
    """States (..., S) of a robot on one free joint, turned about the vertical and moved."""
    states, turn = states.copy(), np.array([np.cos(angle / 2), 0, 0, np.sin(angle / 2)])
    matrix = rotations.matrix(turn)
    states[..., :3] = states[..., :3] @ matrix.T + shift
    states[..., 3:7] = rotations.multiply(turn, states[..., 3:7])
    velocity = slice(space.nq, space.nq + 3)
    states[..., velocity] = states[..., velocity] @ matrix.T
    return states


OPTIONS = {
    "mlp": ("mlp", {}),
    "mlp of raw angles": ("mlp", {"angles": "raw"}),
    "mlp of deltas": ("mlp", {"target": "delta"}),
    "mlp with a history": ("mlp", {"history": 3}),
    "transformer": ("transformer", {}),
    "mechanical": ("mechanical", {"constraints": "none"}),
}


@pytest.mark.parametrize("name", ["mlp", *slow(*list(OPTIONS)[1:])])
def test_predictions_move_with_the_world(quadruped, name):
    kind, options = OPTIONS[name]
    model, variables = small(kind, quadruped, **options)
    states, actions = given(quadruped, model.history, 100)
    here = np.asarray(model.rollout(states, actions, variables), float)
    there = np.asarray(model.rollout(moved(quadruped.space, states), actions, variables), float)
    assert np.abs(quadruped.space.difference(here[:, 0], here[:, -1])).max() > 0.1
    off = quadruped.space.difference(moved(quadruped.space, here), there)
    np.testing.assert_allclose(off, 0, atol=1e-5)


@pytest.mark.slow
def test_with_pyramids_of_friction_they_do_so_by_quarter_turns(quadruped):
    """As MuJoCo does: the four sides of a pyramid stand along the axes of the world."""
    model, variables = small("mlp", quadruped, constraints="layer")
    states, actions = given(quadruped, 1, 5)
    here, there = (
        np.asarray(model.rollout(x, actions, variables), float)
        for x in (states, moved(quadruped.space, states, angle=np.pi / 2))
    )
    off = quadruped.space.difference(moved(quadruped.space, here, angle=np.pi / 2), there)
    np.testing.assert_allclose(off, 0, atol=1e-4 * max(1, np.abs(here).max()))


@pytest.mark.slow
def test_with_cones_of_friction_they_do_so_by_any_angle(quadruped):
    env = MjcfEnv(xml="round.xml", mjcf=quadruped.mjcf.replace("<option", '<option cone="elliptic"', 1))
    model, variables = small("mlp", env, constraints="layer")
    states, actions = given(quadruped, 1, 5)
    here, there = (np.asarray(model.rollout(x, actions, variables), float) for x in (states, moved(env.space, states)))
    off = env.space.difference(moved(env.space, here), there)
    np.testing.assert_allclose(off, 0, atol=1e-4 * max(1, np.abs(here).max()))


@pytest.mark.slow
def test_in_the_frame_of_the_world_they_do_not(quadruped):
    model, variables = small("mlp", quadruped, frame="world")
    states, actions = given(quadruped, 1, 20)
    paths = [np.asarray(model.rollout(x, actions, variables), float) for x in (states, moved(quadruped.space, states))]
    assert np.abs(quadruped.space.difference(moved(quadruped.space, paths[0]), paths[1])).max() > 1e-3


def test_what_place_and_heading_do_not_change_is_told(quadruped, cart_pole):
    told = "that place and heading do not matter"
    assert told in representation(quadruped).told
    assert told not in representation(quadruped, frame="world").told
    assert told not in representation(cart_pole).told


def test_a_robot_that_hides_a_part_of_what_floats_is_seen_in_the_world(quadruped):
    knees = [name for name in quadruped.space.joints if name.endswith("knee")]
    env = type(quadruped)(observe=tuple(knees))
    assert representation(env).base is None
    assert representation(env).sizes[:2] == (3 * 4, 4)


@pytest.mark.parametrize("frame", FRAMES)
def test_quaternions_are_of_unit_length_after_ten_thousand_steps(quadruped, frame):
    maps = representation(quadruped, frame=frame)
    changes = np.random.default_rng(0).normal(0, 0.1, (10_000, 2, len(maps.predicted))).astype(np.float32)
    states = quadruped.sample_states(np.random.default_rng(0), 2).astype(np.float32)

    @jax.jit
    def walk(states, changes):
        return jax.lax.scan(lambda s, change: (maps.integrate(s, change),) * 2, states, changes)[1]

    path = np.asarray(walk(states, changes))
    assert np.isfinite(path).all()
    np.testing.assert_allclose(np.linalg.norm(path[..., 3:7], axis=-1), 1, atol=1e-6)


@pytest.mark.parametrize("frame", FRAMES)
def test_a_free_body_that_nothing_accelerates_turns_about_a_fixed_axis(frame):
    env = MjcfEnv(xml="ball.xml", mjcf=BALL)
    maps, [state] = representation(env, frame=frame), env.sample_states(np.random.default_rng(0), 1)
    path = [state]
    for _ in range(1000):
        path.append(maps.integrate(path[-1], np.zeros(len(maps.predicted))))
    linear, angular = np.split(env.space.qvel(state), 2)
    time = env.dt * np.arange(1001)[:, None]
    turned = rotations.multiply(np.tile(state[3:7], (1001, 1)), rotations.exp(time * angular))
    wanted = np.concatenate([state[:3] + time * linear, turned, np.tile(env.space.qvel(state), (1001, 1))], axis=1)
    np.testing.assert_allclose(env.space.difference(wanted, np.array(path)), 0, atol=1e-9)


@pytest.mark.parametrize("frame", FRAMES)
def test_that_is_what_the_simulator_does_and_its_target_is_nothing(frame):
    env = MjcfEnv(xml="ball.xml", mjcf=BALL)
    paths, maps = steps(env), representation(env, frame=frame)
    np.testing.assert_allclose(maps.targets(paths[:, :-1], paths[:, 1:]), 0, atol=1e-9)


# What a robot hides.

HIDING = {
    "positions alone": ("double_cart_pole", ("qpos",)),
    "one joint": ("double_cart_pole", ("hinge1",)),
    "positions of a body that floats": ("quadruped", ("qpos",)),
}


@pytest.fixture(params=[*HIDING, "one limited joint", "joints but no activation"])
def hiding(request, robots, quadruped, active):
    """A robot that hides something, in several ways."""
    if request.param == "one limited joint":
        return type(robots["three_link"])(observe=(robots["three_link"].space.joints[1],))
    if request.param == "joints but no activation":
        return MjcfEnv(xml="active.xml", mjcf=ACTIVE, observe=active.space.joints)
    name, what = HIDING[request.param]
    env = {**robots, "quadruped": quadruped}[name]
    return type(env)(observe=what if what == ("qpos",) else (env.space.joints[1],))


def disturbed(env, states):
    """The same states, but for what the robot hides."""
    noise = np.random.default_rng(5).normal(size=(*states.shape[:-1], env.space.tangent_dim))
    return env.space.add(states, noise * ~env.space.observed)


def test_what_is_observed_is_what_the_robot_shows(hiding):
    model = MLPDynamicsModel(env=hiding)
    assert np.array_equal(model.observed, hiding.space.observed)
    assert 0 < model.observed.sum() < len(model.observed)


@pytest.mark.parametrize("constraints", ["none", "features"])
@pytest.mark.parametrize("target", ["delta", "acceleration"])
@pytest.mark.parametrize("angles", ["raw", "sincos"])
def test_no_hidden_coordinate_enters_a_feature_or_a_target(hiding, angles, target, constraints):
    maps = representation(hiding, target, angles=angles, constraints=constraints)
    states = 1.3 * steps(hiding)  # some past their stops
    states = hiding.space.add(states, np.zeros((*states.shape[:-1], hiding.space.tangent_dim)))
    others = disturbed(hiding, states)
    assert not np.array_equal(others, states)
    np.testing.assert_allclose(maps.features(others), maps.features(states), atol=1e-12)
    here, there = (maps.targets(x[:, :-1], x[:, 1:]) for x in (states, others))
    np.testing.assert_allclose(there, here, atol=1e-12)


def test_no_hidden_coordinate_enters_a_prediction(hiding):
    model, variables = small("mlp", hiding, history=2)
    states, actions = given(hiding, 2, 30)
    here, there = (np.asarray(model.rollout(x, actions, variables), float) for x in (states, disturbed(hiding, states)))
    off = hiding.space.difference(here, there)[..., hiding.space.observed]
    np.testing.assert_allclose(off, 0, atol=1e-5)
    change = hiding.space.difference(here[:, 0], here[:, -1])
    assert np.abs(change[..., hiding.space.observed]).max() > 1e-3
    np.testing.assert_allclose(change[..., ~hiding.space.observed], 0, atol=1e-6)  # it stays as it was given


def test_no_hidden_coordinate_is_scored(hiding):
    truth = steps(hiding)
    predicted = hiding.space.add(truth, np.full((*truth.shape[:-1], hiding.space.tangent_dim), 1e-3))
    scale = metrics.state_std(hiding.space, truth)
    one, other = (
        metrics.normalized_error(hiding.space, truth, x, scale) for x in (predicted, disturbed(hiding, predicted))
    )
    np.testing.assert_allclose(one, other, rtol=1e-9)
    assert one.min() > 0


def test_the_exact_target_leads_to_the_next_state_as_far_as_it_is_shown(hiding):
    paths, maps = steps(hiding), representation(hiding)
    again = maps.integrate(paths[:, :-1], maps.targets(paths[:, :-1], paths[:, 1:]))
    off = hiding.space.difference(paths[:, 1:], again)[..., hiding.space.observed]
    np.testing.assert_allclose(off, 0, atol=1e-9)


@pytest.mark.slow
def test_a_model_of_what_is_shown_can_be_trained(hiding):
    paths = steps(hiding, n=6)
    rng = np.random.default_rng(0)
    data = Trajectories(paths, rng.uniform(-1, 1, (len(paths), paths.shape[1] - 1, hiding.action_dim)))
    model = MLPDynamicsModel(env=hiding, hidden_dims=(8,), history=2)
    config = TrainingConfig(num_epochs=1, batch_size=32, unroll_epochs=1, unroll_horizons=(2,), input_noise=0.1)
    training = Training(model, *data.split(0.3), config, jax.random.PRNGKey(0))
    for epoch in iter(training.step, None):
        assert np.isfinite([epoch.loss, epoch.val_nrmse]).all()


def test_a_constraint_layer_wants_to_see_everything(hiding):
    with pytest.raises(UserError, match=r"constraints=layer acts .* env.observe=all"):
        MLPDynamicsModel(env=hiding, constraints="layer")


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ({"frame": "robbot"}, r"model.frame=robbot is not one of world, robot \(did you mean `robot`\?\)"),
        ({"target": "velocity"}, "model.target=velocity is not one of delta, acceleration"),
    ],
)
def test_an_option_that_is_not_there_is_told(quadruped, option, told):
    with pytest.raises(UserError, match=told):
        representation(quadruped, **option)


def test_a_model_without_gravity_sees_no_up():
    env = MjcfEnv(xml="ball.xml", mjcf=BALL)
    assert representation(env).sizes == (0, 6, 0)
    assert mujoco.MjModel.from_xml_string(BALL).opt.gravity.tolist() == [0, 0, 0]


FREE = '<body><freejoint/><geom size=".1"/></body>'
REMARKS = {
    "contacts of a mocap body, of `hand` and `ball` that may touch, are not among the features": (
        '<body name="h" mocap="true"><geom name="hand" size=".1"/></body>'
        '<body pos="1 0 0"><freejoint/><geom name="ball" size=".1"/></body>',
        {},
        {"frame": "world"},
    ),
    "stops of ball joints are not among the features": (
        '<body><joint type="ball" limited="true" range="0 40"/><geom size=".1"/></body>', {}, {},
    ),
    "model.target=delta instead of acceleration: the robot hides velocities of positions that it shows": (
        FREE, {"observe": ("qpos",)}, {"frame": "world"},
    ),
    "the change of position is learned too: with env.decimation=2 it is not dt times the new velocity": (
        FREE, {"decimation": 2}, {},
    ),
    "the change of position is learned too: with the integrator RK4 it is not dt times the new velocity": (
        FREE, {}, {},
    ),
    "model.frame=robot keeps place and heading in sight: scenery in reach that is not a plane": (
        FREE + '<geom type="box" size=".1 .1 .1" pos="2 0 0"/>', {}, {},
    ),
    "model.frame=robot without effect: a part of the robot stands in the world, or hides something": (
        FREE + '<body pos="3 0 0"><joint/><geom size=".1"/></body>', {}, {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("remark", REMARKS)
def test_what_an_option_means_otherwise_for_a_robot_is_told(remark):
    world, of_env, of_model = REMARKS[remark]
    option = '<option integrator="RK4"/>' if "RK4" in remark else ""
    env = MjcfEnv(xml="robot.xml", mjcf=f"<mujoco>{option}<worldbody>{world}</worldbody></mujoco>", **of_env)
    assert MLPDynamicsModel(env=env, **of_model).notes == (remark,)


def test_of_a_robot_that_ships_nothing_is_otherwise(every_robot):
    assert not any("contacts" in remark for remark in MLPDynamicsModel(env=every_robot).notes)
