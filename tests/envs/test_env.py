"""A robot: its sizes, actions, options and errors."""

import dataclasses

import numpy as np
import pytest

from dynax import envs
from dynax.data.source import TrajectorySource
from dynax.envs import CartPoleEnv, MjcfEnv, PendulumEnv, UniformReset
from dynax.errors import UserError
from dynax.excitations.passive import Passive

SLIDE = '<joint name="x" type="slide"/>'


def robot(body=SLIDE, rest="", option=""):
    world = f'<worldbody><body name="b">{body}<geom size=".1"/></body></worldbody>'
    mjcf = f"<mujoco><option {option}/>{world}{rest}</mujoco>"
    return MjcfEnv(xml="toy.xml", mjcf=mjcf)


def test_the_name_is_the_registered_name():
    assert (PendulumEnv().name, CartPoleEnv().name) == ("pendulum", "cart_pole")


def test_sizes_are_those_of_the_mujoco_model(env):
    model = env.mj_model
    assert (env.state_dim, env.action_dim) == (model.nq + model.nv, model.nu)
    assert env.dt == env.space.dt == env.decimation * model.opt.timestep


def test_initial_states_fill_their_box(env):
    states = env.sample_states(np.random.default_rng(0), 2000)
    box = np.array([*env.reset.qpos, *env.reset.qvel])
    assert states.dtype == np.float64
    assert (np.abs(states) <= box).all()
    np.testing.assert_allclose(states.std(axis=0), box / np.sqrt(3), rtol=0.05)


def test_initial_states_are_determined_by_the_generator(env):
    one, same = (env.sample_states(np.random.default_rng(3), 4) for _ in range(2))
    assert np.array_equal(one, same)


def test_the_action_range_is_that_of_the_mjcf():
    motors = '<motor joint="x" ctrlrange="-2 3"/><motor joint="x"/>'
    low, high = robot(rest=f"<actuator>{motors}</actuator>").action_bounds
    assert (low.tolist(), high.tolist()) == ([-2, -1], [3, 1])


def test_a_robot_may_have_no_actuator():
    env = robot()
    assert env.action_dim == 0
    assert env.action_bounds[0].shape == (0,)


def test_a_robot_is_immutable():
    with pytest.raises(dataclasses.FrozenInstanceError):
        PendulumEnv().decimation = 2


def test_a_saved_mjcf_replaces_the_file():
    kept = PendulumEnv().mjcf.replace('timestep="0.02"', 'timestep="0.005"')
    assert envs.make({"name": "pendulum"}, mjcf=kept).dt == 0.005


def test_a_control_step_has_the_given_number_of_physics_steps():
    env = envs.make({"name": "cart_pole", "decimation": 5})
    assert (env.dt, env.space.dt, env.mj_model.opt.timestep) == (0.05, 0.05, 0.01)


def test_a_control_step_has_at_least_one_physics_step():
    with pytest.raises(UserError, match=r"^decimation=0 is out of range: it must be at least 1"):
        PendulumEnv(decimation=0)


def test_the_config_group_contains_the_options():
    env = envs.make({"name": "cart_pole", "decimation": 2, "reset": {"qpos": [0.1, 0.2], "qvel": [0]}})
    assert isinstance(env, CartPoleEnv)
    assert (env.decimation, env.reset) == (2, UniformReset((0.1, 0.2), (0.0,)))


def test_an_unknown_option_is_an_error():
    with pytest.raises(UserError, match=r"unknown key env.qpos_noise"):
        envs.make({"name": "cart_pole", "qpos_noise": 0.1})


def test_the_mjcf_text_is_no_option():
    with pytest.raises(UserError, match=r"unknown key env.mjcf"):
        envs.make({"name": "cart_pole", "mjcf": "<mujoco/>"})


@pytest.mark.parametrize(("integrator", "semi_implicit"), [("Euler", True), ("implicitfast", True), ("RK4", False)])
def test_all_integrators_except_rk4_are_semi_implicit(integrator, semi_implicit):
    assert robot(option=f'integrator="{integrator}"').semi_implicit == semi_implicit


def test_several_physics_steps_are_not_semi_implicit():
    assert PendulumEnv().semi_implicit
    assert not PendulumEnv(decimation=2).semi_implicit


UNSUPPORTED = {
    "it has no joint": {"body": ""},
    "actuator `arm` has a delay": {
        "rest": '<actuator><motor name="arm" joint="x" delay=".1" nsample="60"/></actuator>'
    },
    r"actuator `arm` has user-defined dynamics \(dyntype user\)": {
        "rest": '<actuator><general name="arm" joint="x" dyntype="user" actdim="1"/></actuator>'
    },
    "actuator `arm` has several inputs": {"rest": '<actuator><pid name="arm" joint="x" input="pos vel"/></actuator>'},
    "the flex `cloth` is a soft body": {
        "rest": """<worldbody><flexcomp name="cloth" type="grid" count="3 3 1" spacing=".1 .1 .1" dim="2"/>
        </worldbody>"""
    },
    "it uses a MuJoCo plugin": {
        "rest": """<extension><plugin plugin="mujoco.pid"/></extension>
        <actuator><plugin joint="x" plugin="mujoco.pid"/></actuator>"""
    },
}


@pytest.mark.parametrize("reason", UNSUPPORTED)
def test_an_unsupported_feature_is_named(reason):
    with pytest.raises(UserError, match=f"Dynax does not support the robot toy: {reason}"):
        robot(**UNSUPPORTED[reason])


SUPPORTED = {
    "a ball joint": ({"body": '<joint type="ball"/>'}, (4, 3, 0), 0),
    "a free joint": ({"body": "<freejoint/>"}, (7, 6, 0), 0),
    "an activation": (
        {"rest": '<actuator><intvelocity joint="x" actrange="-1 1"/></actuator>'},
        (1, 1, 1),
        1,
    ),
    "a mocap body": ({"rest": '<worldbody><body mocap="true"><geom size=".1"/></body></worldbody>'}, (1, 1, 0), 7),
}


@pytest.mark.parametrize("feature", SUPPORTED)
def test_a_state_and_an_action_have_the_sizes_of_the_model(feature):
    parts, (nq, nv, na), width = SUPPORTED[feature]
    env = robot(**parts)
    assert (env.space.nq, env.space.nv, env.space.na, env.state_dim) == (nq, nv, na, nq + nv + na)
    assert env.action_dim == len(env.action_names) == len(env.action_bounds[0]) == width
    assert env.sample_states(np.random.default_rng(0), 3).shape == (3, env.state_dim)


MOTORS = '<actuator><motor name="a" joint="x" ctrlrange="-2 3"/><motor name="b" joint="x"/></actuator>'


def with_range(**ranges):
    return dataclasses.replace(robot(rest=MOTORS), action_range=ranges)


def test_action_range_replaces_the_range_of_the_mjcf():
    low, high = with_range(b=(0.0, 5.0)).action_bounds
    assert (low.tolist(), high.tolist()) == ([-2, 0], [3, 5])


def test_a_range_must_lie_within_the_ctrlrange():
    with pytest.raises(UserError, match=r"^action_range.a=\[-2.0, 4.0\] must lie within \[-2, 3\]"):
        with_range(a=(-2.0, 4.0))


def test_the_passive_action_keeps_a_mocap_body_at_its_pose():
    env = robot(rest='<worldbody><body mocap="true" pos="0 0 1"><geom size=".1"/></body></worldbody>' + MOTORS)
    assert env.default_action.tolist() == [0, 0, 0, 0, 1, 1, 0, 0, 0]
    _, actions = TrajectorySource(env, Passive(), 0, 5).draw(0, 2)
    np.testing.assert_array_equal(actions, np.broadcast_to(env.default_action, (2, 5, 9)))


def test_the_range_of_an_unknown_actuator_is_an_error():
    with pytest.raises(UserError, match=r"^action_range.c: no actuator has this name.*; the robot has a, b"):
        with_range(c=(0.0, 1.0))


@pytest.mark.parametrize("ends", [(1.0,), (1.0, 0.0), (0.0, 0.0), (0.0, 1.0, 2.0)])
def test_a_range_has_two_numbers_in_ascending_order(ends):
    with pytest.raises(UserError, match=r"^action_range.a=\[.*\] must be \[lowest, highest\]"):
        with_range(a=ends)


ARM = '<body><joint name="hip" type="ball"/><geom size=".1"/><body><joint name="knee"/><geom size=".1"/></body></body>'


def observing(*observe):
    rest = '<actuator><intvelocity joint="knee" actrange="-1 1"/></actuator>'
    return MjcfEnv(xml="toy.xml", mjcf=f"<mujoco><worldbody>{ARM}</worldbody>{rest}</mujoco>", observe=observe)


@pytest.mark.parametrize(
    ("observe", "mask"),
    [
        (("all",), "1111 1111 1"),
        (("qpos",), "1111 0000 0"),
        (("knee",), "0001 0001 0"),
        (("knee", "hip"), "1111 1111 0"),
    ],
)
def test_the_observed_coordinates_are_all_or_positions_or_joints(observe, mask):
    assert observing(*observe).space.observed.tolist() == [digit == "1" for digit in mask.replace(" ", "")]


def test_an_empty_observation_is_an_error():
    with pytest.raises(UserError, match=r"^observe=\[\] is empty: it must be all, qpos, or some of hip, knee"):
        observing()


def test_an_unknown_joint_is_an_error():
    with pytest.raises(UserError, match=r"no joint is called nee \(did you mean `knee`\?\); it must be all, qpos, or"):
        observing("hip", "nee")
