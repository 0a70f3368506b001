"""Learn a pendulum from 50 short rollouts, and evaluate predictions of the validation rollouts."""

import argparse
import logging

import jax

from dynax import TrainedModel, TrainingConfig, train_dynamics_model
from dynax.architectures import MLPDynamicsModel
from dynax.envs import PendulumEnv
from dynax.evaluation import evaluate
from dynax.evaluation.testset import TestSet
from dynax.utils import collect_and_prepare_data


def main(num_rollouts: int = 50, num_epochs: int = 100) -> None:
    """Run the example."""
    env = PendulumEnv()
    rng = jax.random.PRNGKey(0)
    train_dataset, val_dataset = collect_and_prepare_data(
        env=env, num_rollouts=num_rollouts, rollout_length=100, rng=rng
    )

    model = MLPDynamicsModel(env=env, hidden_dims=(128, 128))
    config = TrainingConfig(num_epochs=num_epochs, batch_size=512)
    params = train_dynamics_model(
        model=model, train_dataset=train_dataset, val_dataset=val_dataset, config=config, rng=rng, env=env
    )

    score = evaluate(TrainedModel(model, params), test=TestSet(val_dataset, warmup=0)).scores["model"]
    error, vpt = score.rmse[:, 0], score.valid_times[0]  # root mean square error of the angle, rad
    print(
        f"error of the angle after {env.dt:g} s: {error[1]:.2e} rad, "
        f"after 1 s: {error[50]:.2e} rad, after 2 s: {error[100]:.2e} rad"
    )
    print(f"valid prediction time VPT(0.1): {vpt.median:.2f} s of {100 * env.dt:g} s")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num-rollouts", type=int, default=50)
    parser.add_argument("--num-epochs", type=int, default=100)
    main(**vars(parser.parse_args()))
