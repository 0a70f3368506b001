"""The tasks `stand` and `forward`: rewards, success, initial states, and robots that do not fit."""

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest
from small_models import small

from dynax import TrainedModel, envs
from dynax.control.tasks.forward import Forward
from dynax.control.tasks.stand import Stand
from dynax.envs import HopperEnv, MjcfEnv
from dynax.errors import UserError
from dynax.gym import functional

BOX_WITH_LEG = """<mujoco><worldbody><geom name="floor" type="plane" size="0 0 1" pos="0 0 {floor}"/>
<body name="trunk" pos="0 0 1"><freejoint/><geom type="box" size=".2 .1 .1"/>
<body name="leg"><joint name="hip" axis="0 1 0"/><geom type="capsule" size=".05" fromto="0 0 0 0 0 -.35"/></body></body>
</worldbody><actuator><motor joint="hip" ctrlrange="-1 1"/></actuator></mujoco>"""


def box_with_leg(floor):
    return MjcfEnv(xml="box.xml", mjcf=BOX_WITH_LEG.format(floor=floor))


def rewards(task, env, states):
    """Return the rewards of states (n, S) with the default action."""
    action = jnp.asarray(env.default_action, jnp.float32)

    @jax.jit
    @jax.vmap
    def reward(state):
        return task.reward(env, env.space.qpos(state), env.space.qvel(state), action)

    return np.asarray(reward(jnp.asarray(states, jnp.float32)))


def by_mujoco(env, state, home_height, speed=None):
    """Return the reward of `stand`, or of `forward` with a speed, from C MuJoCo in float64."""
    model, data = env.mj_model, mujoco.MjData(env.mj_model)
    data.qpos[:], data.qvel[:] = env.space.qpos(state), env.space.qvel(state)
    mujoco.mj_forward(model, data)
    mujoco.mj_subtreeVel(model, data)
    goal = 0.9 * home_height
    missing = max(goal - data.xpos[1, 2], 0) / (goal / 2)
    reward = (3 * 0.1 ** (missing**2) + (1 + data.xmat[1, 8]) / 2) / 4
    return reward if speed is None else reward * (5 * np.clip(data.subtree_linvel[1, 0] / speed, 0, 1) + 1) / 6


@pytest.mark.slow
@pytest.mark.parametrize("name", ["quadruped", "hopper"])
def test_rewards_follow_from_mujoco(name):
    env = envs.make({"name": name})
    height = Stand().torso(env).height
    states = env.sample_states(np.random.default_rng(0), 20)
    stand, forward = rewards(Stand(), env, states), rewards(Forward(speed=0.7), env, states)
    for state, standing, moving in zip(states, stand, forward, strict=True):
        assert standing == pytest.approx(by_mujoco(env, state, height), abs=1e-5)
        assert moving == pytest.approx(by_mujoco(env, state, height, 0.7), abs=1e-5)
    assert stand.std() > 0.01
    assert forward.std() > 0.01


@pytest.mark.parametrize("name", ["hopper", "cheetah", "quadruped"])
def test_initial_states_stand(name):
    env, task = envs.make({"name": name}), Stand()
    states = task.initial_states(env, np.random.default_rng(0), 30)
    data, low = mujoco.MjData(env.mj_model), task.torso(env).height * 0.75
    for state in states:
        data.qpos[:] = env.space.qpos(state)
        mujoco.mj_kinematics(env.mj_model, data)
        assert data.xpos[1, 2] > low
    home = np.concatenate([env.mj_model.key_qpos[0], np.zeros(env.space.nv)])
    steps = round(1.0 / env.dt)
    assert task.success(env, np.tile(home, (steps + 1, 1)), np.ones(steps))


def test_success_of_forward_requires_the_speed():
    env, task = HopperEnv(), Forward(speed=0.5)
    steps = round(1.0 / env.dt)
    states = np.tile(np.concatenate([env.mj_model.key_qpos[0], np.zeros(env.space.nv)]), (steps + 1, 1))
    assert not task.success(env, states, np.ones(steps))
    states[:, 0] = np.linspace(0, 0.5 * 0.81, steps + 1)
    assert task.success(env, states, np.ones(steps))
    states[:, 0] *= 0.95
    assert not task.success(env, states, np.ones(steps))
    states[:, 0] *= -2
    assert not task.success(env, states, np.ones(steps))
    assert Forward(speed=0.5, direction=np.pi).success(env, states, np.ones(steps))
    states[-1, 2] = 0.6  # the pitch
    assert not Forward(speed=0.5, direction=np.pi).success(env, states, np.ones(steps))


def test_heights_are_measured_from_the_floor():
    torsos = [Stand().torso(box_with_leg(floor)) for floor in (0, -2)]
    assert [torso.floor for torso in torsos] == pytest.approx([0, -2])
    assert [torso.height for torso in torsos] == pytest.approx([0.4, 0.4])
    task, env = Stand(body="leg"), box_with_leg(0)
    assert task.marker(env)[0] == 2


@pytest.mark.parametrize(
    ("task", "name", "message"),
    [
        (Stand(), "cart_pole", "name=stand does not fit the robot cart_pole: it must have a floating base and legs"),
        (Forward(), "arm", "name=forward does not fit the robot arm: it must have a floating base and legs"),
        (
            Stand(body="trunc"),
            "quadruped",
            "name=stand does not fit the robot quadruped: it has no body `trunc` (did you mean `trunk`?); the bodies",
        ),
    ],
)
def test_a_robot_that_does_not_fit_is_an_error(task, name, message):
    with pytest.raises(UserError) as error:
        task.check(envs.make({"name": name}))
    assert str(error.value).startswith(message)


def test_a_robot_without_a_floor_does_not_fit():
    text = BOX_WITH_LEG.format(floor=0).replace('type="plane" size="0 0 1"', 'size=".1"')
    with pytest.raises(UserError, match="there is no floor under its torso"):
        Stand().check(MjcfEnv(xml="box.xml", mjcf=text))


@pytest.mark.slow
def test_an_environment_of_gymnasium_has_the_rewards():
    env = HopperEnv()
    gym = functional(TrainedModel(*small("mlp", env, constraints="none")), Forward())
    state = gym.reset(jax.random.key(0))
    state = gym.step(state, np.zeros(3, np.float32))
    assert gym.max_steps == 500
    assert 0 < state.reward <= 5  # control steps of a period
    assert not state.terminated
