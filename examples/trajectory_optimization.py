"""Optimize the actions of a whole cart-pole swing-up: by gradients through a learned model, and by CEM.

Both searches predict the same number of trajectories. The simulator then executes each plan without feedback. The
model is that of `control_loop.py`.
"""

import argparse

import jax
import jax.numpy as jnp
import numpy as np
import optax
from control_loop import train

from dynax import TrainedModel, control
from dynax.control.planners.cem import Cem
from dynax.control.problem import Problem
from dynax.control.tasks import rewards
from dynax.control.tasks.swing_up import SwingUp
from dynax.data.simulate import simulate
from dynax.envs import CartPoleEnv

STARTS = 16  # trajectories that the gradients improve at the same time
SPREAD = 0.3  # standard deviation of the first knots
RATE = 0.05  # learning rate of Adam


def optimize(trained: TrainedModel, problem: Problem, state: np.ndarray, steps: int) -> np.ndarray:
    """Return the best actions (T, A) after `steps` steps of Adam from `STARTS` random splines."""
    states = jnp.tile(jnp.asarray(state, jnp.float32), (STARTS, 1))

    def predicted_returns(knots: jax.Array) -> jax.Array:
        actions = problem.actions(jnp.tanh(knots))  # tanh keeps the actions within their bounds
        return problem.returns(trained.model.rollout(states, actions, params=trained.params), actions)

    adam = optax.adam(RATE)
    knots = SPREAD * jax.random.normal(
        jax.random.PRNGKey(1), (STARTS, problem.planner.num_knots, problem.env.action_dim)
    )

    @jax.jit
    def improve(carry: tuple) -> tuple:
        knots, moments = carry
        gradient = jax.grad(lambda x: -predicted_returns(x).mean())(knots)
        updates, moments = adam.update(gradient, moments)
        return knots + updates, moments

    carry = knots, adam.init(knots)
    for _ in range(steps):
        carry = improve(carry)
    best = jnp.argmax(jax.jit(predicted_returns)(carry[0]))
    return np.asarray(problem.actions(jnp.tanh(carry[0][best][None]))[0])


def main(num_rollouts: int = 100, seconds: float = 2.5, steps: int = 300) -> None:
    """Run the example."""
    env = CartPoleEnv()
    trained = train(env, num_rollouts)
    planner = Cem(horizon=seconds, samples=256, iterations=max(1, STARTS * steps // 256), knots=25, elites=24)
    problem = Problem(env, SwingUp(), planner)
    state = np.array([0.0, np.pi, 0.0, 0.0])  # the pole hangs
    controller = control.make(trained, SwingUp(), planner)
    controller(state)
    assert controller.plan is not None
    for name, plan in ("gradients", optimize(trained, problem, state, steps)), ("CEM", controller.plan.actions):
        actions = np.asarray(plan)[None]
        paths = trained.rollout(state[None], actions), simulate(env, state[None], actions, "native")
        in_model, in_mujoco = (
            rewards(problem.task, env, jnp.asarray(path), jnp.asarray(actions)).sum() for path in paths
        )
        print(f"{name}: return {in_model:.0f} of {actions.shape[1]} in the model, {in_mujoco:.0f} in MuJoCo")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--num-rollouts", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=2.5)
    parser.add_argument("--steps", type=int, default=300)
    main(**vars(parser.parse_args()))
