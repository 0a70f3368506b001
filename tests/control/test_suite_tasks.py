"""The tasks of the DeepMind Control Suite: rewards and initial states, next to the suite's own."""

import warnings
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import jax.numpy as jnp
import mujoco
import numpy as np
import pytest

from dynax.control import tasks
from dynax.envs import ArmEnv, CartPoleEnv, MjcfEnv
from dynax.errors import UserError

SUITE = Path(find_spec("dm_control").origin).parent / "suite"
NAMES = ("cartpole-swingup", "cartpole-balance", "pendulum-swingup", "acrobot-swingup")


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


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_rewards_are_those_of_the_suite(name):
    env, task, theirs = suite_env(name), tasks.make({"name": name}), suite_task(name)
    physics, rng, rewards = theirs.physics, np.random.default_rng(0), []
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


def test_episodes_have_the_length_of_the_suite():
    seconds = [tasks.make({"name": name}).seconds for name in NAMES]
    assert seconds == [10, 10, 20, 10]


@pytest.mark.parametrize(("name", "wrong"), [("pendulum-swingup", ArmEnv), ("acrobot-swingup", CartPoleEnv)])
def test_a_robot_that_does_not_fit_is_an_error(name, wrong):
    with pytest.raises(UserError, match=f"name={name} does not fit the robot"):
        tasks.make({"name": name}).check(wrong())
