"""Train a custom network: override `__call__`, which computes the normalized target of one sample."""

import argparse
import logging

import jax
import jax.numpy as jnp
from flax import linen as nn

from dynax import TrainingConfig, train_dynamics_model
from dynax.base import BaseDynamicsModel
from dynax.envs import PendulumEnv
from dynax.utils import collect_and_prepare_data


class MyModel(BaseDynamicsModel):
    @nn.compact
    def __call__(self, features, actions, training=False):
        x = jnp.concatenate([features.flatten(), actions.flatten()])
        x = nn.Dense(256)(x)
        x = nn.relu(x)
        return nn.Dense(self.state_dim)(x)


def main(num_rollouts: int = 50, num_epochs: int = 100) -> None:
    env = PendulumEnv()
    rng = jax.random.PRNGKey(0)
    train_dataset, val_dataset = collect_and_prepare_data(
        env=env, num_rollouts=num_rollouts, rollout_length=100, rng=rng
    )
    config = TrainingConfig(num_epochs=num_epochs, batch_size=512)

    # The same network is trained twice: on the angle, and on its sine and cosine, which are equal for 370 and 10
    # degrees. A custom model has all options of the shipped networks. With target="acceleration", the output has
    # `self.target_dim` entries, the change of the velocity.
    models = {"raw angles, delta": MyModel(env=env), "sin/cos, delta": MyModel(env=env, angles="sincos")}
    for name, model in models.items():
        params = train_dynamics_model(
            model=model, train_dataset=train_dataset, val_dataset=val_dataset, config=config, rng=rng, env=env
        )
        predicted = model.rollout(val_dataset.states[:, 0], val_dataset.actions, params=params)
        error = jnp.abs(env.space.difference(jnp.asarray(val_dataset.states), predicted))[:, 50, 0].mean()
        print(f"{name}: the mean error of the angle after 1 s is {error:.2e} rad")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num-rollouts", type=int, default=50)
    parser.add_argument("--num-epochs", type=int, default=100)
    main(**vars(parser.parse_args()))
