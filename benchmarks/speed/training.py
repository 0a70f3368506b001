"""Training of Dynax next to the same network in a hand-written jitted scan, in one process.

Both train an MLP of 500 x 500 on the same cart-pole data at batch 512 with Adam. The hand-written loop knows nothing of
robots: ready inputs and targets, a plain network, no clipping, no moving average. The two take turns, and the ratio is
the median of those of the turns.
"""

from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import linen as nn

from benchmarks.common import markdown, seconds
from dynax.architectures import MLPDynamicsModel
from dynax.base import normalize
from dynax.config.schema import TrainingConfig
from dynax.data.trajectories import Trajectories
from dynax.envs import CartPoleEnv
from dynax.training import fitting, stages, training_set
from dynax.utils import collect_and_prepare_data

WIDTHS, BATCH, STEPS = (500, 500), 512, 200


class Plain(nn.Module):
    """The same network, without Dynax."""

    outputs: int

    @nn.compact
    def __call__(self, x):
        for width in WIDTHS:
            x = nn.silu(nn.Dense(width)(x))
        return nn.Dense(self.outputs)(x)


def by_hand(inputs: jax.Array, targets: jax.Array, steps: int) -> Callable[[], None]:
    """`steps` updates as one jitted scan over shuffled minibatches."""
    network, optimizer = Plain(targets.shape[1]), optax.adam(1e-3)
    params = network.init(jax.random.PRNGKey(0), inputs[:1])
    carry = params, optimizer.init(params)

    def update(carry, rows):
        params, state = carry

        def loss(params):
            return jnp.mean((jnp.asarray(network.apply(params, inputs[rows])) - targets[rows]) ** 2)

        value, gradient = jax.value_and_grad(loss)(params)
        change, state = optimizer.update(gradient, state, params)
        return (optax.apply_updates(params, change), state), value

    @jax.jit
    def epoch(carry, key):
        rows = jax.random.permutation(key, len(inputs))[: steps * BATCH].reshape(steps, BATCH)
        return jax.lax.scan(update, carry, rows)

    return lambda: jax.block_until_ready(epoch(carry, jax.random.PRNGKey(1)))


def by_dynax(model: MLPDynamicsModel, data: Trajectories, config: TrainingConfig) -> Callable[[], None]:
    """One epoch of Dynax's own training."""
    state, normalization = fitting.start(model, data, config, jax.random.PRNGKey(0))
    prepared = training_set.prepare(model, data, normalization)
    stage = next(stages.stages(model, data, normalization, config))

    def run():
        nonlocal state
        state, loss = stage.epoch(state, prepared)
        loss.block_until_ready()

    return run


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """One result."""
    env = CartPoleEnv()
    data, _ = collect_and_prepare_data(env, 2 + STEPS * BATCH // 100, 100, jax.random.PRNGKey(0), val_fraction=0.01)
    model = MLPDynamicsModel(env=env, hidden_dims=WIDTHS, activation="silu")
    config = TrainingConfig(batch_size=BATCH, optimizer="adam")
    normalization = training_set.normalization_of(model, data)
    prepared = training_set.prepare(model, data, normalization)
    updates = len(prepared.targets) // BATCH
    features = normalize(normalization["features"], model.features(prepared.states))
    inputs = jnp.concatenate([features, prepared.actions], axis=1)
    ours, theirs = by_dynax(model, data, config), by_hand(inputs, prepared.targets, updates)
    for task in (ours, theirs):
        task()

    pairs = np.array([(seconds(ours), seconds(theirs)) for _ in range(rounds)]) / updates * 1e3
    ratios = pairs[:, 1] / pairs[:, 0]
    yield {
        "network": f"MLP of {' x '.join(map(str, WIDTHS))}, batch {BATCH}",
        "ratio": float(np.median(ratios)),
        "lowest_ratio": float(ratios.min()),
        "highest_ratio": float(ratios.max()),
        "dynax_ms": float(np.median(pairs[:, 0])),
        "by_hand_ms": float(np.median(pairs[:, 1])),
    }


def table(results: list[dict[str, Any]]) -> str:
    """One line."""
    columns = ["", "speed against a hand-written loop", "from, to", "an update", "by hand"]
    lines = [
        [
            r["network"],
            f"{r['ratio']:.2f}",
            f"{r['lowest_ratio']:.2f}, {r['highest_ratio']:.2f}",
            f"{r['dynax_ms']:.1f} ms",
            f"{r['by_hand_ms']:.1f} ms",
        ]
        for r in results
    ]
    return markdown(columns, lines)
