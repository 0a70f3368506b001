"""Swing up a cart pole at 50 Hz with plans of a learned model. The simulator takes the place of the machine."""

import argparse
import time

import jax
import mujoco
import numpy as np

from dynax import TrainedModel, TrainingConfig, control, train_dynamics_model
from dynax.architectures import LagrangianDynamicsModel
from dynax.control.planners.cem import Cem
from dynax.envs import CartPoleEnv
from dynax.utils import collect_and_prepare_data

PERIOD = 0.02  # s


def train(env: CartPoleEnv, num_rollouts: int) -> TrainedModel:
    """Learn a model. `dynax.load(run)` reads the model of a training run instead."""
    rng = jax.random.PRNGKey(0)
    train_dataset, val_dataset = collect_and_prepare_data(
        env=env, num_rollouts=num_rollouts, rollout_length=500, rng=rng
    )
    model = LagrangianDynamicsModel(env=env)
    config = TrainingConfig.recipe(model)
    return TrainedModel(model, train_dynamics_model(model, train_dataset, val_dataset, config, rng, env))


def main(num_rollouts: int = 100, seconds: float = 6.0, samples: int = 128) -> None:
    """Run the example."""
    env = CartPoleEnv()
    trained = train(env, num_rollouts)
    controller = control.make(trained, "swing_up", Cem(samples=samples))

    machine, data = env.mj_model, mujoco.MjData(env.mj_model)
    durations, upright = [], 0
    for _ in range(round(seconds / PERIOD)):
        start = time.perf_counter()
        data.ctrl[:] = controller(np.concatenate([data.qpos, data.qvel]))
        durations.append(time.perf_counter() - start)
        for _ in range(round(PERIOD / env.dt)):
            mujoco.mj_step(machine, data)
        upright = upright + 1 if np.cos(data.qpos[1]) < -0.98 else 0
    print(f"planning time: median {1e3 * np.median(durations):.1f} ms")
    print(f"the pole has been upright for {upright * PERIOD:.2f} s at the end")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num-rollouts", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=6.0)
    parser.add_argument("--samples", type=int, default=128)
    main(**vars(parser.parse_args()))
