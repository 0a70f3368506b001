"""Train a policy inside a learned model by PPO of Stable-Baselines3, and test it in MuJoCo.

pip install -e '.[rl]'
python examples/train_policy.py [--run RUN]
"""

import argparse
import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from stable_baselines3 import PPO  # pyright: ignore[reportMissingImports]
from stable_baselines3.common.vec_env import VecEnv, VecNormalize  # pyright: ignore[reportMissingImports]

import dynax.gym
from dynax import TrainedModel, TrainingConfig, train_dynamics_model
from dynax.architectures import LagrangianDynamicsModel
from dynax.envs import CartPoleEnv
from dynax.gym import FunctionalEnv
from dynax.gym.environment import spaces_of
from dynax.utils import collect_and_prepare_data

NUM_ENVS = 64
PPO_OPTIONS = {
    "n_steps": 128, "batch_size": 1024, "n_epochs": 5, "learning_rate": 1e-3, "gamma": 0.99, "max_grad_norm": 1.0,
}  # fmt: skip


class ImaginedRobots(VecEnv):
    """The vectorized environment of Stable-Baselines3. It resets a robot in the step that ends an episode."""

    def __init__(self, env: FunctionalEnv, num_envs: int, seed: int = 0):
        super().__init__(num_envs, *spaces_of(env))
        self._reset, self._step = jax.jit(jax.vmap(env.reset)), jax.jit(jax.vmap(env.step))
        self._select = jax.jit(lambda ended, one, other: jax.tree.map(_where(ended), one, other))
        self._key = jax.random.key(seed)

    def reset(self) -> np.ndarray:
        """Begin an episode of every robot."""
        self._state = self._reset(self._keys())
        return np.array(self._state.observation)

    def step_async(self, actions: np.ndarray) -> None:
        """Keep the actions for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """Execute the actions."""
        state = self._step(self._state, jnp.asarray(self._actions))
        terminated, reward = np.array(state.terminated), np.array(state.reward)
        ended, infos = terminated | np.array(state.truncated), [{} for _ in range(self.num_envs)]
        if ended.any():
            last = np.array(state.observation)
            for i in np.flatnonzero(ended):
                infos[i] = {"terminal_observation": last[i], "TimeLimit.truncated": not terminated[i]}
            state = self._select(ended, self._reset(self._keys()), state)
        self._state = state
        return np.array(state.observation), reward, ended, infos

    def close(self) -> None:
        """Do nothing, because there are no processes."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Return an attribute once for each robot."""
        return [getattr(self, attr_name, None)] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Set an attribute of all robots."""
        setattr(self, attr_name, value)

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **options: Any) -> list[Any]:
        """Raise an error, because the robots have no methods of their own."""
        raise NotImplementedError(method_name)

    def env_is_wrapped(self, wrapper_class: type, indices: Any = None) -> list[bool]:
        """Return that no robot is wrapped."""
        return [False] * self.num_envs

    def _keys(self) -> jax.Array:
        self._key, *keys = jax.random.split(self._key, self.num_envs + 1)
        return jnp.stack(keys)


def _where(ended: Any) -> Any:
    def select(one: jax.Array, other: jax.Array) -> jax.Array:
        return jnp.where(ended.reshape(-1, *[1] * (one.ndim - 1)), one, other)

    return select


def train_policy(env: FunctionalEnv, steps: int, seed: int = 0) -> Any:
    """Return a function from observations (N, O) to actions (N, A)."""
    robots = VecNormalize(ImaginedRobots(env, NUM_ENVS, seed), gamma=PPO_OPTIONS["gamma"])
    agent = PPO("MlpPolicy", robots, seed=seed, device="cpu", **PPO_OPTIONS)
    agent.learn(steps)
    return lambda observations: agent.predict(robots.normalize_obs(observations), deterministic=True)[0]


def returns(policy: Any, env: FunctionalEnv, episodes: int = 10, seed: int = 1000) -> np.ndarray:
    """Return the sum of the rewards of each episode, (episodes,)."""
    reset, step = jax.jit(jax.vmap(env.reset)), jax.jit(jax.vmap(env.step))
    state = reset(jax.random.split(jax.random.key(seed), episodes))
    total, running = np.zeros(episodes), np.ones(episodes, bool)
    for _ in range(env.max_steps):
        state = step(state, jnp.asarray(policy(np.array(state.observation))))
        total += np.where(running, state.reward, 0.0)
        running &= ~np.array(state.terminated)
    return total


def learned_cart_pole(num_rollouts: int) -> TrainedModel:
    """Learn a model. `dynax.load(run)` reads the model of a training run instead."""
    env, rng = CartPoleEnv(), jax.random.PRNGKey(0)
    data = collect_and_prepare_data(env=env, num_rollouts=num_rollouts, rollout_length=500, rng=rng)
    model = LagrangianDynamicsModel(env=env)
    return TrainedModel(model, train_dynamics_model(model, *data, TrainingConfig.recipe(model), rng, env))


def main(run: str | None, task: str, steps: int, num_rollouts: int, seconds: float) -> None:
    """Run the example."""
    trained = dynax.load(run) if run else learned_cart_pole(num_rollouts)
    model, robot = (
        dynax.gym.functional(trained, task, seconds=seconds, predictor=name) for name in ("model", "mujoco")
    )
    start = time.perf_counter()
    policy = train_policy(model, steps)
    print(f"trained for {steps:,} steps in {time.perf_counter() - start:.0f} s")
    for name, env in (("model", model), ("MuJoCo", robot)):
        print(f"return in the {name}: {returns(policy, env).mean():.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", help="directory of a training run; by default, the example learns a cart pole")
    parser.add_argument("--task", default="swing_up")
    parser.add_argument("--steps", type=int, default=1_000_000, help="steps of the policy's training")
    parser.add_argument("--num-rollouts", type=int, default=100, help="trajectories for the model of the cart pole")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of an episode")
    main(**vars(parser.parse_args()))
