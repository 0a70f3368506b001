"""The tasks of the DeepMind Control Suite: rewards and initial states, next to the suite's own."""

import warnings
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest

from dynax.control import tasks
from dynax.control.tasks.forward import Forward
from dynax.control.tasks.stand import Stand
from dynax.control.tasks.suite.initial import random_joints
from dynax.envs import ArmEnv, CartPoleEnv, MjcfEnv
from dynax.errors import UserError

SUITE = Path(find_spec("dm_control").origin).parent / "suite"
SECONDS = {
    "cartpole-swingup": 10,
    "cartpole-balance": 10,
    "pendulum-swingup": 20,
    "acrobot-swingup": 10,
    "reacher-easy": 20,
    "cheetah-run": 10,
    "hopper-hop": 20,
}


def suite_env(name):
    return MjcfEnv(xml=str(SUITE / f"{name.partition('-')[0]}.xml"))


def suite_task(name):
    """Return the environment of the suite. Its import replaces the handler of MuJoCo's warnings in this process."""
    domain, _, task = name.partition("-")
    handler = mujoco.get_mju_user_warning()
    with warnings.catch_warnings(action="ignore"):  # there is no display
        module = import_module(f"dm_control.suite.{domain}")
    mujoco.set_mju_user_warning(handler)
    return getattr(module, task)(random=0)


def by_mujoco(name, model, data):
    """Return the reward from sensors and poses of C MuJoCo in float64."""
    mujoco.mj_forward(model, data)
    if name == "reacher-easy":
        distance = np.linalg.norm(data.geom("finger").xpos[:2] - [0.1, 0.1])
        return float(distance <= 0.05 + model.geom("finger").size[0])
    speed = data.sensor("torso_subtreelinvel").data[0]
    if name == "cheetah-run":
        return min(max(speed / 10, 0), 1)
    height = data.body("torso").xipos[2] - data.body("foot").xipos[2]
    return min(max(speed / 2, 0), 1) if 0.6 <= height <= 2 else 0.0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["reacher-easy", "cheetah-run", "hopper-hop"])
def test_rewards_follow_from_the_sensors_of_mujoco(name):
    env, task, rng = suite_env(name), tasks.make({"name": name}), np.random.default_rng(1)
    data, width = mujoco.MjData(env.mj_model), 3.0 if name == "reacher-easy" else 0.4
    reward = jax.jit(lambda qpos, qvel: task.reward(env, qpos, qvel, jnp.zeros(env.action_dim)))
    rewards = []
    for _ in range(40):
        data.qpos[:], data.qvel[:] = env.space.default_state[: env.space.nq], rng.normal(0, 3, env.space.nv)
        data.qpos += rng.normal(0, width, env.space.nq)
        rewards.append(by_mujoco(name, env.mj_model, data))
        ours = reward(*(jnp.asarray(x, jnp.float32) for x in (data.qpos, data.qvel)))
        assert float(ours) == pytest.approx(rewards[-1], abs=1e-5)
    assert 0 < np.mean(rewards) < 1


@pytest.mark.slow
@pytest.mark.parametrize("name", SECONDS)
def test_rewards_are_those_of_the_suite(name):
    env, task, theirs = suite_env(name), tasks.make({"name": name}), suite_task(name)
    physics, rng, rewards = theirs.physics, np.random.default_rng(0), []
    if name == "reacher-easy":
        physics.named.model.geom_pos["target", :2] = task.target  # random in the suite
    for width in (0.05, 0.3, 3.0):
        for start in (*task.initial_states(env, rng, 4), np.zeros(env.state_dim)):  # the last is upright
            qpos, qvel = env.space.qpos(start) + rng.normal(0, width, env.space.nq), rng.normal(0, 3, env.space.nv)
            ctrl = rng.uniform(*env.action_bounds)
            with physics.reset_context():
                physics.data.qpos[:], physics.data.qvel[:], physics.data.ctrl[:] = qpos, qvel, ctrl
            ours = task.reward(env, *(jnp.asarray(x, jnp.float32) for x in (qpos, qvel, ctrl)))
            rewards.append(float(ours))
            assert rewards[-1] == pytest.approx(theirs.task.get_reward(physics), abs=1e-5)
    assert len(set(rewards)) > 1


@pytest.mark.slow
@pytest.mark.parametrize(("name", "cls"), [("walker-stand", Stand), ("walker-walk", Forward)])
def test_legged_robots_have_the_rewards_of_the_walker(name, cls):
    env, theirs, rng = suite_env(name), suite_task(name), np.random.default_rng(0)
    physics, task = theirs.physics, cls(height=1.2 / 1.3)
    reward = jax.jit(lambda qpos, qvel: task.reward(env, qpos, qvel, jnp.zeros(env.action_dim)))
    for _ in range(10):
        qpos, qvel = rng.normal(0, 0.5, env.space.nq), rng.normal(0, 1, env.space.nv)
        with physics.reset_context():
            physics.data.qpos[:], physics.data.qvel[:] = qpos, qvel
        ours = reward(*(jnp.asarray(x, jnp.float32) for x in (qpos, qvel)))
        assert float(ours) == pytest.approx(theirs.task.get_reward(physics), abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("name", SECONDS)
def test_episodes_have_the_length_of_the_suite(name):
    assert tasks.make({"name": name}).seconds == SECONDS[name] == pytest.approx(limit(suite_task(name)))


def limit(environment):
    """Return the length of an episode of an environment of the suite, s."""
    return environment._step_limit * environment.control_timestep()


def test_initial_positions_are_uniform_in_the_ranges_of_the_joints():
    env, rng = suite_env("hopper-hop"), np.random.default_rng(0)
    states = tasks.make({"name": "hopper-hop"}).initial_states(env, rng, 2000)
    low, high = env.mj_model.jnt_range.T.copy()
    low[2], high[2] = -np.pi, np.pi  # the pitch, without limits; the slides keep their default position
    positions = env.space.qpos(states)
    assert ((low <= positions) & (positions <= high)).all()
    np.testing.assert_allclose(positions.mean(0), (low + high) / 2, atol=0.1)
    np.testing.assert_allclose(positions.std(0), (high - low) / np.sqrt(12), atol=0.1)
    assert not env.space.qvel(states).any()


@pytest.mark.slow
def test_the_cheetah_begins_after_the_settling_of_the_suite():
    env, physics = suite_env("cheetah-run"), suite_task("cheetah-run").physics
    drawn = random_joints(env, np.random.default_rng(3), 2, limited_only=True)
    settled = tasks.make({"name": "cheetah-run"}).initial_states(env, np.random.default_rng(3), 2)
    assert not drawn[:, :3].any()
    for start, end in zip(drawn, settled, strict=True):
        with physics.reset_context():
            physics.data.qpos[:] = env.space.qpos(start)
        physics.step(nstep=200)
        np.testing.assert_allclose(end, np.concatenate([physics.data.qpos, physics.data.qvel]), atol=1e-6)


def test_a_target_of_the_reacher_has_two_numbers():
    with pytest.raises(UserError, match=r"task.target=\[0.1\] must have 2 numbers"):
        tasks.make({"name": "reacher-easy", "target": [0.1]})


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("pendulum-swingup", ArmEnv),
        ("acrobot-swingup", CartPoleEnv),
        ("reacher-easy", ArmEnv),
        ("cheetah-run", CartPoleEnv),
        ("hopper-hop", CartPoleEnv),
    ],
)
def test_a_robot_that_does_not_fit_is_an_error(name, wrong):
    with pytest.raises(UserError, match=f"name={name} does not fit the robot"):
        tasks.make({"name": name}).check(wrong())
