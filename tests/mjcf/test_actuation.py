"""The forces of springs, dampers and actuators are equal to those of MuJoCo."""

import mujoco
import numpy as np
import pytest

from dynax.mjcf.actuation import Actuation
from dynax.mjcf.unsupported_forces import unsupported_forces


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


@pytest.mark.parametrize("parts", FORCES.values(), ids=FORCES)
def test_forces_are_equal_to_those_of_mujoco(parts):
    model, rng = robot(**parts), np.random.default_rng(0)
    assert not list(unsupported_forces(model))
    actuation, data = Actuation.of(model), mujoco.MjData(model)
    for _ in range(20):
        data.qpos[:], data.qvel[:], data.ctrl[:] = rng.normal(size=2), rng.normal(size=2), rng.normal(size=model.nu)
        mujoco.mj_forward(model, data)
        length, speed = actuation.moment.T @ data.qpos, actuation.moment.T @ data.qvel
        force = (
            actuation.gain * data.ctrl
            + actuation.bias[:, 0]
            + actuation.bias[:, 1] * length
            + actuation.bias[:, 2] * speed
        )
        force = actuation.moment @ np.clip(force, actuation.lowest, actuation.highest)
        np.testing.assert_allclose(force, data.qfrc_actuator, atol=1e-12)
        passive = -actuation.stiffness * (data.qpos - actuation.rest) - actuation.damping * data.qvel
        np.testing.assert_allclose(passive, data.qfrc_passive, atol=1e-12)
