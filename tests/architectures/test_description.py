"""Titles, prior knowledge and notes of models."""

import dataclasses

import numpy as np
import pytest
from flax import linen as nn

from dynax.architectures import MLPDynamicsModel, RigidDynamicsModel, description
from dynax.base import BaseDynamicsModel
from dynax.envs import MjcfEnv

ANGLES, SEMI_IMPLICIT = "joint coordinates that are angles", "semi-implicit integration"
PLANE = '<geom type="plane" size="5 5 1"/>'


class Bare(BaseDynamicsModel):
    @nn.compact
    def __call__(self, states, actions, training=False):
        return self.param("zero", nn.initializers.zeros, ()) * np.ones(self.target_dim)


def test_a_title_is_the_robot_and_the_architecture(cart_pole):
    assert description.title(MLPDynamicsModel(env=cart_pole)) == "cart_pole, mlp"
    assert description.title(RigidDynamicsModel(env=cart_pole)) == "cart_pole, rigid (system identification)"


def test_a_bare_model_has_no_prior_knowledge(cart_pole):
    assert description.prior_knowledge(Bare(env=cart_pole)) == ()


def test_prior_knowledge_depends_on_the_robot(robots):
    known = {name: description.prior_knowledge(MLPDynamicsModel(env=env)) for name, env in robots.items()}
    assert known["pendulum"] == (ANGLES, SEMI_IMPLICIT)
    assert known["cart_pole"] == (ANGLES, SEMI_IMPLICIT, "translation invariance", "joint limits")
    residual = f"{SEMI_IMPLICIT} with a learned position residual"
    assert known["nerd_cartpole"] == (ANGLES, residual, "translation invariance")


@pytest.mark.parametrize("options", [{"decimation": 5}, {"mjcf": "RK4"}])
def test_prior_knowledge_of_equations_of_motion_contains_the_integrator(options, cart_pole):
    if "mjcf" in options:
        options = {"mjcf": cart_pole.mjcf.replace("</mujoco>", '<option integrator="RK4"/></mujoco>')}
    model = RigidDynamicsModel(env=dataclasses.replace(cart_pole, **options))
    known = description.prior_knowledge(model)
    assert "MuJoCo's integrator and physics steps" in known
    assert not any("position residual" in text for text in known)
    assert description.notes(model) == ()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "initialized from the MJCF"),
        ({"contact_init_scale": 1.4}, "initialized from the MJCF, contact parameters times 1.4"),
        ({"compliance": "mjcf"}, "with the parameters of the MJCF"),
    ],
)
def test_prior_knowledge_contains_the_constraint_layer(robots, options, text):
    known = description.prior_knowledge(MLPDynamicsModel(env=robots["three_link"], constraints="layer", **options))
    assert known == (ANGLES, SEMI_IMPLICIT, f"MuJoCo's constraint solver, {text}")


@pytest.mark.slow
def test_prior_knowledge_contains_the_invariance_of_a_base_frame(quadruped, cart_pole):
    invariance = "invariance to horizontal position and yaw"
    assert invariance in description.prior_knowledge(MLPDynamicsModel(env=quadruped))
    assert invariance not in description.prior_knowledge(MLPDynamicsModel(env=quadruped, frame="world"))
    assert invariance not in description.prior_knowledge(MLPDynamicsModel(env=cart_pole))


@pytest.mark.parametrize("steps", [0, 1])
def test_prior_knowledge_contains_constraint_residuals_with_refinement(steps):
    ball = f'<mujoco><worldbody>{PLANE}<body pos="0 0 1"><freejoint/><geom size=".1"/></body></worldbody></mujoco>'
    model = MLPDynamicsModel(env=MjcfEnv(xml="ball.xml", mjcf=ball), refinement_steps=steps)
    residuals = "residuals of joint limits and contacts, with the parameters and inverse weights of the MJCF"
    assert (residuals in description.prior_knowledge(model)) == bool(steps)


FREE = '<body><freejoint/><geom size=".1"/></body>'
NOTES = {
    "features do not contain contacts of a mocap body (between `hand` and `ball`)": (
        '<body name="h" mocap="true"><geom name="hand" size=".1"/></body>'
        '<body pos="1 0 0"><freejoint/><geom name="ball" size=".1"/></body>',
        {},
        {"frame": "world"},
    ),
    "features do not contain limits of ball joints": (
        '<body><joint type="ball" limited="true" range="0 40"/><geom size=".1"/></body>', {}, {},
    ),
    "the target is the change of the state (model.target=delta), because the robot shows positions without their "
    "velocities": (FREE, {"observe": ("qpos",)}, {"frame": "world"}),
    "the model also learns a residual of the position, because with env.decimation=2 the position does not move by dt "
    "times the new velocity": (FREE, {"decimation": 2}, {}),
    "the model also learns a residual of the position, because with the integrator RK4 the position does not move by "
    "dt times the new velocity": (FREE, {}, {}),
    "features contain horizontal position and yaw, because of static geometry within reach that is not a plane": (
        FREE + '<geom type="box" size=".1 .1 .1" pos="2 0 0"/>', {}, {},
    ),
    "model.frame=robot has no effect, because a part of the robot has a fixed base or coordinates of its base are not "
    "observed": (FREE + '<body pos="3 0 0"><joint/><geom size=".1"/></body>', {}, {}),
}  # fmt: skip


@pytest.mark.parametrize("note", NOTES)
def test_a_note_names_an_option_with_an_unusual_meaning(note):
    world, env_options, model_options = NOTES[note]
    option = '<option integrator="RK4"/>' if "RK4" in note else ""
    env = MjcfEnv(xml="robot.xml", mjcf=f"<mujoco>{option}<worldbody>{world}</worldbody></mujoco>", **env_options)
    [text] = description.notes(MLPDynamicsModel(env=env, **model_options))
    assert text.startswith(note)


@pytest.mark.slow
def test_shipped_robots_have_no_notes_on_contacts(every_robot):
    assert not any("contacts" in note for note in description.notes(MLPDynamicsModel(env=every_robot)))
