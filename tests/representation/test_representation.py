"""The representation: invariance to yaw and position, unit quaternions, and unobserved coordinates."""

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest
from small_models import ACTIVE, LEGGED, given, legged, representation, small, steps

from dynax.architectures import MLPDynamicsModel
from dynax.envs import MjcfEnv
from dynax.errors import UserError
from dynax.math import rotations
from dynax.mechanics.collision.contacts import Contacts
from dynax.representation.frames import FRAMES, WorldFrame

BALL = """<mujoco><option gravity="0 0 0" timestep="0.01"/><worldbody><body>
<freejoint name="ball"/><geom size=".1"/></body></worldbody></mujoco>"""


@pytest.fixture(scope="module")
def active():
    return MjcfEnv(xml="active.xml", mjcf=ACTIVE)


@pytest.fixture(scope="module")
def floating():
    return legged()


@pytest.mark.slow
@pytest.mark.parametrize("frame", FRAMES)
@pytest.mark.parametrize("target", ["delta", "acceleration"])
def test_the_exact_target_leads_to_the_next_state(every_robot, target, frame):
    paths = steps(every_robot)
    maps = representation(every_robot, target, frame)
    predicted = maps.targets(paths[:, :-1], paths[:, 1:])
    assert predicted.shape[-1] == len(maps.target_index)
    reached = maps.integrate(paths[:, :-1], predicted)
    np.testing.assert_allclose(every_robot.space.difference(paths[:, 1:], reached), 0, atol=1e-9)


@pytest.mark.parametrize("decimation", [1, 3])
@pytest.mark.parametrize("target", ["delta", "acceleration"])
def test_activations_are_features_and_targets(active, target, decimation):
    env = MjcfEnv(xml="active.xml", mjcf=ACTIVE, decimation=decimation)
    maps, paths = representation(env, target), steps(env)
    assert maps.sizes == (2 + 6, 4, 1)
    assert len(maps.target_index) == (5 if target == "acceleration" and decimation == 1 else 9)
    reached = maps.integrate(paths[:, :-1], maps.targets(paths[:, :-1], paths[:, 1:]))
    np.testing.assert_allclose(env.space.difference(paths[:, 1:], reached), 0, atol=1e-9)
    assert np.abs(np.diff(env.space.act(paths), axis=1)).max() > 1e-3


@pytest.mark.slow
def test_features_are_positions_then_velocities_then_others(every_robot):
    maps, [state] = representation(every_robot), every_robot.sample_states(np.random.default_rng(0), 1)
    positions, velocities, _ = maps.sizes
    features = maps.features(state)
    assert features.shape == (sum(maps.sizes),)
    assert features.dtype == np.float64
    faster = state + np.r_[np.zeros(every_robot.space.nq), np.ones(every_robot.space.nv + every_robot.space.na)]
    faster_features = maps.features(faster[None, None])
    assert faster_features.shape == (1, 1, sum(maps.sizes))
    changed = features != faster_features[0, 0]
    assert not changed[:positions].any()
    assert changed[positions : positions + velocities].all()


# A floating base at different positions and yaws.


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


@pytest.mark.slow
@pytest.mark.parametrize("name", OPTIONS)
def test_predictions_rotate_and_move_with_the_initial_state(floating, name):
    kind, options = OPTIONS[name]
    model, variables = small(kind, floating, **options)
    states, actions = given(floating, model.history, 100)
    path = np.asarray(model.rollout(states, actions, variables), float)
    displaced_path = np.asarray(model.rollout(displaced(floating.space, states), actions, variables), float)
    assert np.abs(floating.space.difference(path[:, 0], path[:, -1])).max() > 0.1
    error = floating.space.difference(displaced(floating.space, path), displaced_path)
    np.testing.assert_allclose(error, 0, atol=1e-5)


@pytest.mark.slow
def test_with_pyramidal_friction_they_rotate_by_quarter_turns(floating):
    """The edges of MuJoCo's friction pyramids are along world axes."""
    model, variables = small("mlp", floating, constraints="layer")
    states, actions = given(floating, 1, 5)
    path, displaced_path = (
        np.asarray(model.rollout(x, actions, variables), float)
        for x in (states, displaced(floating.space, states, angle=np.pi / 2))
    )
    error = floating.space.difference(displaced(floating.space, path, angle=np.pi / 2), displaced_path)
    np.testing.assert_allclose(error, 0, atol=1e-4 * max(1, np.abs(path).max()))


@pytest.mark.slow
def test_with_elliptic_friction_they_rotate_by_any_angle():
    env = legged(LEGGED.replace("<option", '<option cone="elliptic"'))
    model, variables = small("mlp", env, constraints="layer")
    states, actions = given(env, 1, 5)
    path, displaced_path = (
        np.asarray(model.rollout(x, actions, variables), float) for x in (states, displaced(env.space, states))
    )
    error = env.space.difference(displaced(env.space, path), displaced_path)
    np.testing.assert_allclose(error, 0, atol=1e-4 * max(1, np.abs(path).max()))


@pytest.mark.slow
def test_in_the_world_frame_they_do_not_rotate(floating):
    model, variables = small("mlp", floating, frame="world")
    states, actions = given(floating, 1, 20)
    paths = [
        np.asarray(model.rollout(x, actions, variables), float) for x in (states, displaced(floating.space, states))
    ]
    assert np.abs(floating.space.difference(displaced(floating.space, paths[0]), paths[1])).max() > 1e-3


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


@pytest.mark.slow
@pytest.mark.parametrize("frame", FRAMES)
def test_a_zero_target_of_a_free_body_is_a_rotation_about_a_fixed_axis(frame):
    env = MjcfEnv(xml="ball.xml", mjcf=BALL)
    maps, [state] = representation(env, frame=frame), env.sample_states(np.random.default_rng(0), 1)
    path = [state]
    for _ in range(1000):
        path.append(maps.integrate(path[-1], np.zeros(len(maps.target_index))))
    linear, angular = np.split(env.space.qvel(state), 2)
    time = env.dt * np.arange(1001)[:, None]
    orientations = rotations.multiply(np.tile(state[3:7], (1001, 1)), rotations.exp(time * angular))
    expected = np.concatenate(
        [state[:3] + time * linear, orientations, np.tile(env.space.qvel(state), (1001, 1))], axis=1
    )
    np.testing.assert_allclose(env.space.difference(expected, np.array(path)), 0, atol=1e-9)


@pytest.mark.parametrize("frame", FRAMES)
def test_the_target_of_a_free_body_without_forces_is_zero(frame):
    env = MjcfEnv(xml="ball.xml", mjcf=BALL)
    paths, maps = steps(env), representation(env, frame=frame)
    np.testing.assert_allclose(maps.targets(paths[:, :-1], paths[:, 1:]), 0, atol=1e-9)


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
