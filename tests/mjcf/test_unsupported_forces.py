"""Every force that `Actuation` does not represent is named."""

import mujoco
import pytest

from dynax.errors import UserError
from dynax.mjcf.unsupported_forces import check_supported, nonlinear_actuators, unsupported_forces


def robot(actuator="", joint="", rest="", option="", flags=""):
    xml = f"""<mujoco><option {option}><flag {flags}/></option><worldbody><body>
    <joint name="a" axis="0 1 0" {joint}/><geom size=".1"/>
    <body pos="0 0 -1"><joint name="b" axis="0 1 0"/><geom size=".1"/><site name="tip"/></body></body></worldbody>
    {rest}<actuator>{actuator}</actuator></mujoco>"""
    return mujoco.MjModel.from_xml_string(xml)


SUM = '<tendon><fixed name="sum"><joint joint="a" coef="2"/><joint joint="b" coef="-3"/></fixed></tendon>'
SUM = '<tendon><fixed name="sum"><joint joint="a" coef="2"/><joint joint="b" coef="-3"/></fixed></tendon>'
UNSUPPORTED = {
    "drives neither a joint nor a fixed tendon": {"actuator": '<motor name="m" site="tip"/>'},
    "has a gain that is not constant": {"actuator": '<general name="m" joint="a" gaintype="affine" gainprm="1 2 0"/>'},
    "has an activation": {"actuator": '<general name="m" joint="a" dyntype="filter" dynprm=".1"/>'},
    "has its own armature or damping": {"actuator": '<motor name="m" joint="a" armature=".1"/>'},
    "limits the force of its actuators": {"joint": 'actuatorfrclimited="true" actuatorfrcrange="-1 1"'},
    "couples": {"actuator": '<velocity tendon="sum" kv="2"/>', "rest": SUM, "option": 'integrator="implicitfast"'},
    "is not Euler, RK4 or implicitfast": {"option": 'integrator="implicit"'},
    "the flag damper is disabled": {"flags": 'damper="disable"'},
    "the flag eulerdamp is disabled": {"flags": 'eulerdamp="disable"'},
    "a group of actuators is disabled": {"option": 'actuatorgroupdisable="1"'},
    "is a ball or free joint with a spring": {
        "rest": '<worldbody><body><joint type="ball" stiffness="1"/><geom size=".1"/></body></worldbody>'
    },
    "has a spring, a damper": {"rest": SUM.replace('name="sum"', 'name="sum" stiffness="1"')},
    "the robot moves in a fluid": {"option": 'density="1.2"'},
    "`e` is an equality constraint": {"rest": '<equality><joint name="e" joint1="a" joint2="b"/></equality>'},
}


@pytest.mark.parametrize(("clause", "parts"), UNSUPPORTED.items(), ids=UNSUPPORTED)
def test_an_unsupported_force_is_named(clause, parts):
    [reason] = unsupported_forces(robot(**parts))
    assert clause in reason


def test_a_spatial_tendon_is_unsupported():
    tendon = '<tendon><spatial name="t"><site site="tip"/><site site="home"/></spatial></tendon>'
    world = '<worldbody><site name="home"/></worldbody>'
    [reason] = unsupported_forces(robot(actuator='<motor name="m" tendon="t"/>', rest=world + tendon))
    assert reason == "actuator `m` drives neither a joint nor a fixed tendon"


def test_an_actuator_with_a_force_range_is_nonlinear():
    [reason] = nonlinear_actuators(robot('<position joint="b" kp="50" forcelimited="true" forcerange="-1 2"/>'))
    assert reason == "actuator `0` has a forcerange, which makes its force nonlinear"


def test_the_error_contains_the_first_reason():
    with pytest.raises(UserError, match="model=rigid does not support arm: it is soft; use a generic network"):
        check_supported("rigid", "arm", ["it is soft", "it is hard"])


def test_without_reasons_no_error_is_raised():
    check_supported("rigid", "arm", [])
