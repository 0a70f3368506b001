"""The frame of a base that moves in a vertical plane."""

import mujoco
import numpy as np
import pytest

from dynax import envs
from dynax.architectures import MLPDynamicsModel
from dynax.data.simulate import simulate
from dynax.envs import MjcfEnv
from dynax.representation.frames import WorldFrame
from dynax.representation.planar import PlanarFrame

X, Z = '<joint type="slide" axis="1 0 0"/>', '<joint type="slide" axis="0 0 1"/>'
Y = '<joint name="pitch" axis="0 1 0"/>'
LEG = '<body><joint axis="0 1 0"/><geom size=".05" pos="0 0 -.3"/></body>'
PLANAR_JOINTS = pytest.mark.parametrize("joints", [X + Z + Y, Z + X + Y, X + Z + Y.replace("0 1 0", "0 -1 0")])


def model_of(joints=X + Z + Y, inside=LEG, beside=""):
    body = f'<body pos="0 0 1">{joints}<geom size=".1" pos=".1 0 0"/>{inside}</body>'
    return mujoco.MjModel.from_xml_string(f"<mujoco><worldbody>{body}{beside}</worldbody></mujoco>")


@PLANAR_JOINTS
def test_two_slides_and_a_hinge_are_a_planar_base(joints):
    frame = PlanarFrame.of(model_of(joints))
    assert frame is not None
    assert frame.dofs.tolist() == [True, True, True, False]
    assert not frame.covered_dofs.any()


@pytest.mark.parametrize(
    ("joints", "beside"),
    [
        (X + Y, ""),
        (X + Y + Z, ""),  # the hinge rotates the second slide
        (X + Z + Y.replace("0 1 0", "1 0 0"), ""),  # the hinge rotates out of the plane
        (X + Z.replace("0 0 1", "1 0 1") + Y, ""),
        (X + Z + Y, '<body><joint/><geom size=".1"/></body>'),  # a second robot
    ],
)
def test_other_joints_are_no_planar_base(joints, beside):
    assert PlanarFrame.of(model_of(joints, beside=beside)) is None


@pytest.mark.slow
def test_networks_with_contact_features_of_shipped_planar_robots_have_a_planar_frame():
    def frame(name, **options):
        return type(MLPDynamicsModel(env=robots[name], **options).representation.frame)

    robots = {name: envs.make({"name": name}) for name in ("hopper", "cheetah", "pendulum")}
    assert [frame(name) for name in robots] == [PlanarFrame, PlanarFrame, WorldFrame]
    assert frame("hopper", constraints="layer") is frame("hopper", frame="world") is WorldFrame


@PLANAR_JOINTS
def test_slide_velocities_are_those_of_the_base_in_its_own_axes(joints):
    model = model_of(joints)
    frame, data, rng = PlanarFrame.of(model), mujoco.MjData(model), np.random.default_rng(0)
    slides = np.array([[1.0, 0, 0], [0, 0, 1]])[:: 1 if joints.startswith(X) else -1]
    for _ in range(5):
        data.qpos[:], data.qvel[:] = rng.normal(size=(2, model.nv))
        mujoco.mj_forward(model, data)
        state = np.concatenate([data.qpos, data.qvel])
        rotation, velocity = data.xmat[1].reshape(3, 3), slides.T @ data.qvel[:2]
        in_base = frame.to_base(state, data.qvel)
        np.testing.assert_allclose(in_base[:2], slides @ rotation.T @ velocity, atol=1e-12)
        np.testing.assert_array_equal(in_base[2:], data.qvel[2:])
        np.testing.assert_allclose(frame.to_world(state, in_base), data.qvel, atol=1e-12)
        np.testing.assert_allclose(frame.directions(state, velocity[None])[0], rotation.T @ velocity, atol=1e-12)


def test_without_gravity_and_contacts_targets_are_the_same_at_every_pitch_and_speed():
    leg, motor = LEG.replace("<joint", '<joint name="hip"'), '<actuator><motor joint="hip"/></actuator>'
    body = f'<body>{X + Z + Y}<geom size=".1" pos=".1 0 0"/>{leg}</body>'
    option = '<option gravity="0 0 0" timestep=".005"/>'
    xml = f"<mujoco>{option}<worldbody>{body}</worldbody>{motor}</mujoco>"
    representation = MLPDynamicsModel(env=MjcfEnv(xml="flyer.xml", mjcf=xml)).representation
    states = np.tile(np.random.default_rng(0).normal(size=8), (6, 1))
    states[:, 2] = np.linspace(-3, 3, 6)
    states[:, 4:6] = representation.frame.to_world(states, states[:, 4:])[:, :2] + np.arange(6)[:, None]
    following = simulate(representation.env, states, np.full((6, 1, 1), 0.7), "native")[:, 1]
    targets = representation.targets(states, following)
    assert np.abs(targets).min() > 1e-6
    np.testing.assert_allclose(targets, targets[:1].repeat(6, axis=0), atol=1e-12)
    np.testing.assert_allclose(representation.integrate(states, targets), following, atol=1e-12)
