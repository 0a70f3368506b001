"""A robot: what its MJCF says of it, where it starts, and what cannot be a robot."""

import dataclasses

import numpy as np
import pytest

from dynax import envs
from dynax.data.source import Source
from dynax.envs import CartPoleEnv, MjcfEnv, PendulumEnv
from dynax.errors import UserError
from dynax.excitations.passive import Passive

SLIDE = '<joint name="x" type="slide"/>'


def robot(body=SLIDE, rest="", option=""):
    world = f'<worldbody><body name="b">{body}<geom size=".1"/></body></worldbody>'
    mjcf = f"<mujoco><option {option}/>{world}{rest}</mujoco>"
    return MjcfEnv(xml="toy.xml", mjcf=mjcf)


def test_a_robot_is_called_after_its_file():
    assert (PendulumEnv().name, CartPoleEnv().name) == ("pendulum", "cart_pole")


def test_sizes_are_those_of_the_mujoco_model(env):
    model = env.mj_model
    assert (env.state_dim, env.action_dim) == (model.nq + model.nv, model.nu)
    assert env.dt == env.space.dt == env.decimation * model.opt.timestep


def test_initial_states_fill_their_box(env):
    states = env.sample_states(np.random.default_rng(0), 2000)
    box = np.array([*env.reset_qpos, *env.reset_qvel])
    assert states.dtype == np.float64
    assert (np.abs(states) <= box).all()
    np.testing.assert_allclose(states.std(axis=0), box / np.sqrt(3), rtol=0.05)


def test_initial_states_follow_from_the_generator(env):
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


def test_half_widths_must_be_one_a_joint():
    with pytest.raises(UserError, match=r"env.reset_qpos=\[1.0\] must give 2 half-widths .*cart_pole \(slide, hinge\)"):
        CartPoleEnv(reset_qpos=(1.0,))


def test_half_widths_are_not_negative():
    with pytest.raises(UserError, match=r"env.reset_qvel=\[-1.0\]"):
        PendulumEnv(reset_qvel=(-1.0,))


def test_a_robot_does_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        PendulumEnv().reset_qpos = (1.0,)


def test_the_mjcf_a_run_has_kept_goes_before_the_file():
    kept = PendulumEnv().mjcf.replace('timestep="0.02"', 'timestep="0.005"')
    assert envs.make({"name": "pendulum"}, mjcf=kept).dt == 0.005


def test_a_control_step_lasts_as_many_physics_steps_as_asked_for():
    env = envs.make({"name": "cart_pole", "decimation": 5})
    assert (env.dt, env.space.dt, env.mj_model.opt.timestep) == (0.05, 0.05, 0.01)


def test_a_control_step_lasts_a_physics_step_or_more():
    with pytest.raises(UserError, match=r"env.decimation=0 is out of range: it must be at least 1"):
        PendulumEnv(decimation=0)


def test_a_group_gives_the_options_of_its_robot():
    env = envs.make({"name": "cart_pole", "reset_qpos": [0.1, 0.2], "reset_qvel": [0, 0]})
    assert isinstance(env, CartPoleEnv)
    assert env.reset_qpos == (0.1, 0.2)


def test_an_option_of_another_robot_is_refused():
    with pytest.raises(UserError, match=r"unknown key env.qpos_noise"):
        envs.make({"name": "cart_pole", "qpos_noise": 0.1})


def test_the_text_of_the_robot_is_no_option():
    with pytest.raises(UserError, match=r"unknown key env.mjcf"):
        envs.make({"name": "cart_pole", "mjcf": "<mujoco/>"})


@pytest.mark.parametrize(("integrator", "semi_implicit"), [("Euler", True), ("implicitfast", True), ("RK4", False)])
def test_all_integrators_but_rk4_are_semi_implicit(integrator, semi_implicit):
    assert robot(option=f'integrator="{integrator}"').semi_implicit == semi_implicit


def test_several_physics_steps_are_not_semi_implicit_together():
    assert PendulumEnv().semi_implicit
    assert not PendulumEnv(decimation=2).semi_implicit


REFUSED = {
    "it has no joint": {"body": ""},
    "actuator `arm` has a delay": {
        "rest": '<actuator><motor name="arm" joint="x" delay=".1" nsample="60"/></actuator>'
    },
    r"actuator `arm` has dynamics that a program must supply \(dyntype user\)": {
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


@pytest.mark.parametrize("reason", REFUSED)
def test_what_a_state_cannot_hold_is_refused_by_name(reason):
    with pytest.raises(UserError, match=f"the robot toy cannot be learned: {reason}"):
        robot(**REFUSED[reason])


ACCEPTED = {
    "a ball joint": ({"body": '<joint type="ball"/>'}, (4, 3, 0), 0),
    "a free joint": ({"body": "<freejoint/>"}, (7, 6, 0), 0),
    "an activation": (
        {"rest": '<actuator><intvelocity joint="x" actrange="-1 1"/></actuator>'},
        (1, 1, 1),
        1,
    ),
    "a mocap body": ({"rest": '<worldbody><body mocap="true"><geom size=".1"/></body></worldbody>'}, (1, 1, 0), 7),
}


@pytest.mark.parametrize("what", ACCEPTED)
def test_a_state_is_positions_velocities_and_activations_and_an_action_all_that_moves_it(what):
    parts, (nq, nv, na), width = ACCEPTED[what]
    env = robot(**parts)
    assert (env.space.nq, env.space.nv, env.space.na, env.state_dim) == (nq, nv, na, nq + nv + na)
    assert env.action_dim == len(env.action_names) == len(env.action_bounds[0]) == width
    assert env.sample_states(np.random.default_rng(0), 3).shape == (3, env.state_dim)


MOTORS = '<actuator><motor name="a" joint="x" ctrlrange="-2 3"/><motor name="b" joint="x"/></actuator>'


def with_range(**ranges):
    return dataclasses.replace(robot(rest=MOTORS), action_range=ranges)


def test_the_range_of_an_action_may_be_another_than_the_mjcf_has():
    low, high = with_range(b=(0.0, 5.0)).action_bounds
    assert (low.tolist(), high.tolist()) == ([-2, 0], [3, 5])


def test_a_range_wider_than_mujoco_clamps_to_is_refused():
    with pytest.raises(UserError, match=r"env.action_range.a=\[-2.0, 4.0\] is wider .* must lie within \[-2, 3\]"):
        with_range(a=(-2.0, 4.0))


def test_left_to_itself_a_mocap_body_stays_where_it_is():
    env = robot(rest='<worldbody><body mocap="true" pos="0 0 1"><geom size=".1"/></body></worldbody>' + MOTORS)
    assert env.default_action.tolist() == [0, 0, 0, 0, 1, 1, 0, 0, 0]
    _, actions = Source(env, Passive(), 0, 5).draw(0, 2)
    np.testing.assert_array_equal(actions, np.broadcast_to(env.default_action, (2, 5, 9)))


def test_the_range_of_an_actuator_that_is_not_there_is_told():
    with pytest.raises(UserError, match=r"env.action_range.c: no actuator is called that.*; there are a, b"):
        with_range(c=(0.0, 1.0))


@pytest.mark.parametrize("ends", [(1.0,), (1.0, 0.0), (0.0, 0.0), (0.0, 1.0, 2.0)])
def test_a_range_is_two_numbers_in_order(ends):
    with pytest.raises(UserError, match=r"env.action_range.a=\[.*\] must be \[lowest, highest\]"):
        with_range(a=ends)


ARM = '<body><joint name="hip" type="ball"/><geom size=".1"/><body><joint name="knee"/><geom size=".1"/></body></body>'


def observing(*what):
    rest = '<actuator><intvelocity joint="knee" actrange="-1 1"/></actuator>'
    return MjcfEnv(xml="toy.xml", mjcf=f"<mujoco><worldbody>{ARM}</worldbody>{rest}</mujoco>", observe=what)


@pytest.mark.parametrize(
    ("what", "seen"),
    [
        (("all",), "1111 1111 1"),
        (("qpos",), "1111 0000 0"),
        (("knee",), "0001 0001 0"),
        (("knee", "hip"), "1111 1111 0"),
    ],
)
def test_what_a_model_may_see_is_all_or_positions_or_joints(what, seen):
    assert observing(*what).space.observed.tolist() == [digit == "1" for digit in seen.replace(" ", "")]


def test_something_is_observed():
    with pytest.raises(UserError, match=r"env.observe=\[\] shows nothing: it must be all, qpos, or some of hip, knee"):
        observing()


def test_a_joint_to_observe_that_is_not_there_is_told():
    with pytest.raises(UserError, match=r"no joint is called nee \(did you mean `knee`\?\); it must be all, qpos, or"):
        observing("hip", "nee")
