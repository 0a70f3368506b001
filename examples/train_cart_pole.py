"""Learn a cart pole with joint limits, evaluate the model, and render a prediction over the truth."""

import argparse
import logging
from pathlib import Path

import jax

from dynax import TrainedModel, TrainingConfig, render, train_dynamics_model
from dynax.architectures import MLPDynamicsModel
from dynax.config.schema import EvalConfig
from dynax.envs import CartPoleEnv
from dynax.evaluation import evaluate
from dynax.utils import collect_and_prepare_data


def main(num_rollouts: int = 200, num_epochs: int = 40, clip: Path = Path("cart_pole.gif")) -> None:
    """Run the example."""
    env = CartPoleEnv()
    rng = jax.random.PRNGKey(0)
    train_dataset, val_dataset = collect_and_prepare_data(
        env=env, num_rollouts=num_rollouts, rollout_length=500, rng=rng
    )

    model = MLPDynamicsModel(env=env, hidden_dims=(128, 128, 128))
    config = TrainingConfig(num_epochs=num_epochs)
    params = train_dynamics_model(
        model=model, train_dataset=train_dataset, val_dataset=val_dataset, config=config, rng=rng, env=env
    )

    test = EvalConfig(num_trajectories=64, seconds=8.0, seed=1, warmup=0)
    evaluation = evaluate(TrainedModel(model, params), test)
    score = evaluation.scores["model"]
    for vpt in score.valid_times:
        print(f"VPT({vpt.threshold:g}): median {vpt.median:.2f} s, tenth percentile {vpt.p10:.2f} s")

    shown = evaluation.examples
    frames = render.frames(env.mj_model, shown.truth[0], shown.predicted[0], score.error[shown.rows[0]], env.dt, fps=25)
    print(f"prediction over the truth: {render.save_gif(clip, frames, fps=25)}")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num-rollouts", type=int, default=200)
    parser.add_argument("--num-epochs", type=int, default=40)
    parser.add_argument("--clip", type=Path, default=Path("cart_pole.gif"))
    main(**vars(parser.parse_args()))
