"""The frame of a robot that moves in a plane."""

import mujoco
import numpy as np
import pytest

from dynax import envs
from dynax.architectures import MLPDynamicsModel
from dynax.data.simulate import simulate
from dynax.envs import MjcfEnv
from dynax.representation.frames import frame_of
from dynax.representation.planar import Planar

X, Z = '<joint type="slide" axis="1 0 0"/>', '<joint type="slide" axis="0 0 1"/>'
Y = '<joint name="pitch" axis="0 1 0"/>'
LEG = '<body><joint axis="0 1 0"/><geom size=".05" pos="0 0 -.3"/></body>'


def model_of(joints=X + Z + Y, inside=LEG, beside=""):
    body = f'<body pos="0 0 1">{joints}<geom size=".1" pos=".1 0 0"/>{inside}</body>'
    return mujoco.MjModel.from_xml_string(f"<mujoco><worldbody>{body}{beside}</worldbody></mujoco>")


@pytest.mark.parametrize("joints", [X + Z + Y, Z + X + Y, X + Z + Y.replace("0 1 0", "0 -1 0")])
def test_two_slides_and_a_hinge_are_a_base(joints):
    frame = frame_of(model_of(joints))
    assert isinstance(frame, Planar)
    assert frame.dofs.tolist() == [True, True, True, False]


@pytest.mark.parametrize(
    ("joints", "beside"),
    [
        (X + Y, ""),
        (X + Y + Z, ""),  # the hinge turns the slide behind it
        (X + Z + Y.replace("0 1 0", "1 0 0"), ""),  # it leads out of the plane
        (X + Z.replace("0 0 1", "1 0 1") + Y, ""),
        (X + Z + Y, '<body><joint/><geom size=".1"/></body>'),  # another robot
    ],
)
def test_nothing_else_is(joints, beside):
    assert frame_of(model_of(joints, beside=beside)) is None


def test_robots_that_ship_have_one_where_a_network_sees_their_contacts():
    found = {name: envs.make({"name": name}) for name in ("hopper", "cheetah", "pendulum")}
    seen = {name: MLPDynamicsModel(env=env).representation.base is not None for name, env in found.items()}
    assert seen == {"hopper": True, "cheetah": True, "pendulum": False}
    assert MLPDynamicsModel(env=found["hopper"], constraints="layer").representation.base is None
    assert MLPDynamicsModel(env=found["hopper"], frame="world").representation.base is None


@pytest.mark.parametrize("joints", [X + Z + Y, Z + X + Y, X + Z + Y.replace("0 1 0", "0 -1 0")])
def test_velocities_along_its_slides_are_those_of_the_base_in_its_own_axes(joints):
    model = model_of(joints)
    frame, data, rng = frame_of(model), mujoco.MjData(model), np.random.default_rng(0)
    slides = np.array([[1.0, 0, 0], [0, 0, 1]])[:: 1 if joints.startswith(X) else -1]
    for _ in range(5):
        data.qpos[:], data.qvel[:] = rng.normal(size=(2, model.nv))
        mujoco.mj_forward(model, data)
        state = np.concatenate([data.qpos, data.qvel])
        rotation, velocity = data.xmat[1].reshape(3, 3), slides.T @ data.qvel[:2]
        seen = frame.seen(state, data.qvel)
        np.testing.assert_allclose(seen[:2], slides @ rotation.T @ velocity, atol=1e-12)
        np.testing.assert_array_equal(seen[2:], data.qvel[2:])
        np.testing.assert_allclose(frame.unseen(state, seen), data.qvel, atol=1e-12)
        np.testing.assert_allclose(frame.vectors(state, velocity[None])[0], rotation.T @ velocity, atol=1e-12)


def test_what_a_robot_does_in_the_air_is_the_same_at_every_pitch_but_for_gravity():
    """In its own axes, and however fast it flies."""
    leg, motor = LEG.replace("<joint", '<joint name="hip"'), '<actuator><motor joint="hip"/></actuator>'
    body = f'<body>{X + Z + Y}<geom size=".1" pos=".1 0 0"/>{leg}</body>'
    option = '<option gravity="0 0 0" timestep=".005"/>'
    xml = f"<mujoco>{option}<worldbody>{body}</worldbody>{motor}</mujoco>"
    representation = MLPDynamicsModel(env=MjcfEnv(xml="flyer.xml", mjcf=xml)).representation
    states = np.tile(np.random.default_rng(0).normal(size=8), (6, 1))
    states[:, 2] = np.linspace(-3, 3, 6)
    states[:, 4:6] = representation.base.unseen(states, states[:, 4:])[:, :2] + np.arange(6)[:, None]
    following = simulate(representation.env, states, np.full((6, 1, 1), 0.7), "native")[:, 1]
    targets = representation.targets(states, following)
    assert np.abs(targets).min() > 1e-6
    np.testing.assert_allclose(targets, targets[:1].repeat(6, axis=0), atol=1e-12)
    np.testing.assert_allclose(representation.integrate(states, targets), following, atol=1e-12)
