"""Learn a cart pole with its stops, judge it on float64 truth, and draw the prediction over it."""

import argparse
import logging
from pathlib import Path

import jax
import numpy as np

from dynax import TrainingConfig, render, train_dynamics_model
from dynax.architectures import MLPDynamicsModel
from dynax.envs import CartPoleEnv
from dynax.evaluation import metrics
from dynax.evaluation.testset import make_testset
from dynax.utils import collect_and_prepare_data


def main(num_rollouts: int = 200, num_epochs: int = 40, clip: Path = Path("cart_pole.gif")) -> None:
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

    test = make_testset(env, n=64, seconds=8.0, seed=1, actions="piecewise_constant", warmup=0)
    predicted = np.asarray(model.rollout(*test.given(model.history), params=params))
    score = metrics.score(env.space, test.truth, predicted, metrics.state_std(env.space, test.truth))
    for vpt in score.valid:
        print(f"VPT({vpt.threshold:g}): {vpt.median:.2f} s in the median, {vpt.p10:.2f} s for the worst tenth")

    film = render.frames(env.mj_model, test.truth[0], predicted[0], score.error[0], env.dt, fps=25)
    print(f"the prediction over the truth: {render.save_gif(clip, film, fps=25)}")


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num-rollouts", type=int, default=200)
    parser.add_argument("--num-epochs", type=int, default=40)
    parser.add_argument("--clip", type=Path, default=Path("cart_pole.gif"))
    main(**vars(parser.parse_args()))
