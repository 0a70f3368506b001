"""Springs, dampers and actuators: their forces are MuJoCo's, and what is not of this form is named."""

import mujoco
import numpy as np
import pytest

from dynax.mjcf.actuation import Actuation, unsupported_forces


def robot(actuator="", joint="", rest="", option="", flags=""):
    xml = f"""<mujoco><option {option}><flag {flags}/></option><worldbody><body>
    <joint name="a" axis="0 1 0" {joint}/><geom size=".1"/>
    <body pos="0 0 -1"><joint name="b" axis="0 1 0"/><geom size=".1"/><site name="tip"/></body></body></worldbody>
    {rest}<actuator>{actuator}</actuator></mujoco>"""
    return mujoco.MjModel.from_xml_string(xml)


SUM = '<tendon><fixed name="sum"><joint joint="a" coef="2"/><joint joint="b" coef="-3"/></fixed></tendon>'
FORCES = {
    "motor": {"actuator": '<motor joint="a" gear="-7"/>'},
    "position": {"actuator": '<position joint="b" kp="5" kv=".3"/>'},
    "limited": {"actuator": '<position joint="b" kp="50" forcelimited="true" forcerange="-1 2"/>'},
    "tendon": {"actuator": '<velocity tendon="sum" kv="2"/>', "rest": SUM},
    "spring": {"joint": 'stiffness="3" springref="20" damping=".7"'},
}


@pytest.mark.parametrize("what", FORCES.values(), ids=FORCES)
def test_the_forces_are_mujocos(what):
    model, rng = robot(**what), np.random.default_rng(0)
    assert not list(unsupported_forces(model))
    given, data = Actuation.of(model), mujoco.MjData(model)
    for _ in range(20):
        data.qpos[:], data.qvel[:], data.ctrl[:] = rng.normal(size=2), rng.normal(size=2), rng.normal(size=model.nu)
        mujoco.mj_forward(model, data)
        length, speed = given.moment.T @ data.qpos, given.moment.T @ data.qvel
        force = given.gain * data.ctrl + given.bias[:, 0] + given.bias[:, 1] * length + given.bias[:, 2] * speed
        found = given.moment @ np.clip(force, given.lowest, given.highest)
        np.testing.assert_allclose(found, data.qfrc_actuator, atol=1e-12)
        passive = -given.stiffness * (data.qpos - given.rest) - given.damping * data.qvel
        np.testing.assert_allclose(passive, data.qfrc_passive, atol=1e-12)


OTHERS = {
    "drives no joint": {"actuator": '<motor name="m" site="tip"/>'},
    "has a gain that is not constant": {"actuator": '<general name="m" joint="a" gaintype="affine" gainprm="1 2 0"/>'},
    "has an activation": {"actuator": '<general name="m" joint="a" dyntype="filter" dynprm=".1"/>'},
    "has armature or damping of its own": {"actuator": '<motor name="m" joint="a" armature=".1"/>'},
    "limits the force of its actuators": {"joint": 'actuatorfrclimited="true" actuatorfrcrange="-1 1"'},
    "couples": {"actuator": '<velocity tendon="sum" kv="2"/>', "rest": SUM, "option": 'integrator="implicitfast"'},
    "is not Euler or implicitfast": {"option": 'integrator="implicit"'},
    "the flag damper is disabled": {"flags": 'damper="disable"'},
    "the flag eulerdamp is disabled": {"flags": 'eulerdamp="disable"'},
    "a group of actuators is disabled": {"option": 'actuatorgroupdisable="1"'},
    "is a ball or free joint with a spring": {
        "rest": '<worldbody><body><joint type="ball" stiffness="1"/><geom size=".1"/></body></worldbody>'
    },
    "has a spring, a damper": {"rest": SUM.replace('name="sum"', 'name="sum" stiffness="1"')},
    "it moves in a fluid": {"option": 'density="1.2"'},
    "is a constraint of another kind": {"rest": '<equality><joint name="e" joint1="a" joint2="b"/></equality>'},
}


@pytest.mark.parametrize(("told", "what"), OTHERS.items(), ids=OTHERS)
def test_what_acts_otherwise_is_named(told, what):
    [reason] = unsupported_forces(robot(**what))
    assert told in reason
