"""The tasks: rewards at known states, success, initial states, and robots that do not fit."""

import jax.numpy as jnp
import mujoco
import numpy as np
import pytest
import yaml

from dynax import envs
from dynax.cli.composition import conf
from dynax.config.options import defaults
from dynax.config.registries import TASKS
from dynax.control import tasks
from dynax.control.tasks.balance import Balance
from dynax.control.tasks.quadratic import Quadratic
from dynax.control.tasks.reach import Reach
from dynax.control.tasks.swing_up import SwingUp
from dynax.envs import ArmEnv, MjcfEnv
from dynax.errors import UserError

UPRIGHT_AT_ZERO = """<mujoco><worldbody><body><joint name="cart" type="slide" axis="1 0 0"/><geom size=".1"/>
<body><joint name="pole" axis="0 1 0"/><geom type="capsule" size=".05" fromto="0 0 0 0 0 1"/></body></body></worldbody>
<actuator><motor joint="cart" ctrlrange="-1 1"/></actuator></mujoco>"""
CROSSED = UPRIGHT_AT_ZERO.replace("</body></body>", "<body><joint axis='1 0 0'/><geom size='.1'/></body></body></body>")


def reward(task, env, qpos, qvel=None, ctrl=None):
    qvel = np.zeros(env.space.nv) if qvel is None else qvel
    ctrl = env.default_action if ctrl is None else ctrl
    return float(task.reward(env, *(jnp.asarray(x, jnp.float32) for x in (qpos, qvel, ctrl))))


@pytest.mark.slow
def test_the_reward_of_poles_is_that_of_the_control_suite(robots):
    task, cart_pole, double = SwingUp(), robots["cart_pole"], robots["double_cart_pole"]
    assert reward(task, cart_pole, [0, np.pi]) == pytest.approx(1)
    assert reward(task, cart_pole, [0, -np.pi]) == pytest.approx(1)
    assert reward(task, cart_pole, [0, 0]) == pytest.approx(0, abs=1e-6)
    assert reward(task, cart_pole, [0, np.pi / 2]) == pytest.approx(0.5)
    assert reward(task, cart_pole, [2, np.pi]) == pytest.approx(0.55)  # (1 + 0.1) / 2
    assert reward(task, cart_pole, [0, np.pi], ctrl=[1]) == pytest.approx(0.8)
    assert reward(task, cart_pole, [0, np.pi], qvel=[9, 5]) == pytest.approx(0.55)
    assert reward(task, double, [0, np.pi, 0]) == pytest.approx(1)
    assert reward(task, double, [0, np.pi, np.pi]) == pytest.approx(0.5)
    assert reward(task, robots["pendulum"], [np.pi]) == pytest.approx(1)


def test_the_upright_angle_follows_from_the_heights():
    env = MjcfEnv(xml="other.xml", mjcf=UPRIGHT_AT_ZERO)
    assert reward(SwingUp(), env, [0, 0]) == pytest.approx(1)
    assert reward(SwingUp(), env, [0, np.pi]) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("name", ["cart_pole", "double_cart_pole", "nerd_cartpole", "pendulum", "acrobot"])
def test_initial_states_hang_or_are_upright(robots, name):
    env, rng = robots[name], np.random.default_rng(0)
    hanging, upright = (task.initial_states(env, rng, 5) for task in (SwingUp(), Balance()))
    for states, low, high in ((hanging, 0, 0.01), (upright, 0.9, 1)):
        assert states.shape == (5, env.state_dim)
        values = [reward(SwingUp(), env, env.space.qpos(s), env.space.qvel(s)) for s in states]
        assert low <= min(values) <= max(values) <= high


def test_success_requires_the_goal_at_the_end(cart_pole):
    rewards = np.zeros(300)
    states = np.zeros((301, 4))
    states[150:, 1] = np.pi + 0.15
    assert SwingUp().success(cart_pole, states, rewards)
    assert not Balance(hold=3.0).success(cart_pole, states, rewards)
    assert not SwingUp(tolerance=0.1).success(cart_pole, states, rewards)
    states[-50, 1] = 0
    assert not SwingUp().success(cart_pole, states, rewards)


@pytest.mark.slow
def test_reach_measures_the_distance_of_the_point(robots):
    env = ArmEnv()
    data = mujoco.MjData(env.mj_model)
    mujoco.mj_resetDataKeyframe(env.mj_model, data, 0)
    mujoco.mj_kinematics(env.mj_model, data)
    hand = env.mj_model.body("hand").id
    position = data.xpos[hand] + data.xmat[hand].reshape(3, 3) @ [0, 0, 0.09]
    task = Reach(target=tuple(position))
    assert reward(task, env, data.qpos) == pytest.approx(1, abs=1e-5)
    away = Reach(target=(position[0] + 0.3, *position[1:]))
    assert reward(away, env, data.qpos) == pytest.approx(0.1, rel=1e-4)
    states = np.tile(np.concatenate([data.qpos, data.qvel]), (200, 1))
    assert task.success(env, states, np.zeros(199))
    assert not away.success(env, states, np.zeros(199))
    assert np.isfinite(task.initial_states(env, np.random.default_rng(0), 3)).all()


def test_a_quadratic_task_has_weights_and_targets(cart_pole):
    task = Quadratic(weights={"hinge": 2.0, "slide velocity": 0.5}, target={"hinge": np.pi}, control_weight=0.1)
    assert reward(task, cart_pole, [5, np.pi]) == pytest.approx(0, abs=1e-6)
    assert reward(task, cart_pole, [5, -np.pi], ctrl=[2]) == pytest.approx(-0.4, abs=1e-5)  # the angle is wrapped
    assert reward(task, cart_pole, [0, np.pi - 1], qvel=[2, 0]) == pytest.approx(-4)
    states = np.tile([5, np.pi, 0, 0], (200, 1))
    assert task.success(cart_pole, states, np.zeros(199))
    states[-1, 1] = 0
    assert not task.success(cart_pole, states, np.zeros(199))


def test_a_user_defines_only_the_reward(slide):
    class Fast(tasks.Task):
        def reward(self, env, qpos, qvel, ctrl):
            return qvel[0]

    states, actions = np.arange(12.0).reshape(1, 6, 2), np.zeros((1, 5, 1))
    gained = tasks.rewards(Fast(), slide, jnp.asarray(states), jnp.asarray(actions))
    np.testing.assert_allclose(gained, [[3, 5, 7, 9, 11]])
    assert Fast(hold=0.1).success(slide, states[0], np.asarray(gained[0]))
    assert not Fast(hold=0.1).success(slide, states[0], np.zeros(5))


@pytest.mark.parametrize(
    ("task", "name", "message"),
    [
        (SwingUp(), "hopper", "name=swing_up does not fit the robot hopper: "),
        (Balance(), "three_link", "name=balance does not fit the robot three_link: its hinges must have no limits"),
        (
            Reach(),
            "cart_pole",
            "name=reach does not fit the robot cart_pole: it has no body `hand`; its bodies",
        ),
        (Quadratic(weights={"hing": 1}), "cart_pole", "weights has no coordinate `hing` (did you mean `hinge`?); the"),
        (Quadratic(weights={"hinge": 1}, target={"x": 1}), "cart_pole", "target has no coordinate `x`"),
    ],
)
def test_a_task_that_does_not_fit_is_an_error(task, name, message):
    with pytest.raises(UserError) as error:
        task.check(envs.make({"name": name}))
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)


def test_poles_with_crossed_axes_do_not_fit():
    with pytest.raises(UserError, match="the axes of its hinges must be parallel"):
        SwingUp().check(MjcfEnv(xml="crossed.xml", mjcf=CROSSED))


@pytest.mark.parametrize(
    ("group", "message"),
    [
        (
            {"name": "swing"},
            "task.name=swing is not one of acrobot-swingup, balance, cartpole-balance",
        ),
        ({"name": "quadratic"}, "task.weights={} must contain a coordinate"),
        ({"name": "quadratic", "weights": {"x": -1}}, "task.weights.x=-1 is out of range"),
        ({"name": "reach", "target": [1, 2]}, "task.target=[1.0, 2.0] must have 3 numbers"),
        ({"name": "swing_up", "tolerance": 0}, "task.tolerance=0 is out of range"),
    ],
)
def test_a_wrong_option_is_an_error(group, message):
    with pytest.raises(UserError) as error:
        tasks.make(group)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("name", TASKS.builtin)
def test_the_yaml_has_the_defaults_of_the_class(name):
    group = yaml.safe_load((conf.directory() / "task" / f"{name}.yaml").read_text())
    assert group == {"name": name, **defaults(TASKS.get(name, "task"))}
