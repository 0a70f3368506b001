"""Compare the training speed of Dynax with a hand-written jitted scan, in one process.

Both train an MLP of 500 x 500 on the same cart-pole data with Adam and batches of 512. The hand-written loop has
prepared inputs and targets, a plain network, no gradient clipping and no moving average. The two alternate, and the
ratio is the median over the rounds.
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
from dynax.envs import CartPoleEnv
from dynax.training import TrainingSet
from dynax.training.epoch_size import optimizer_for
from dynax.training.epochs import initial_state
from dynax.training.stages import run_epoch, stages_of
from dynax.utils import collect_and_prepare_data

WIDTHS, BATCH, UPDATES = (500, 500), 512, 200


class Plain(nn.Module):
    """The same network, without Dynax."""

    outputs: int

    @nn.compact
    def __call__(self, x):
        for width in WIDTHS:
            x = nn.silu(nn.Dense(width)(x))
        return nn.Dense(self.outputs)(x)


def hand_written_epoch(inputs: jax.Array, targets: jax.Array, updates: int) -> Callable[[], None]:
    """Return a function that runs an epoch as one jitted scan over shuffled minibatches."""
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
        rows = jax.random.permutation(key, len(inputs))[: updates * BATCH].reshape(updates, BATCH)
        return jax.lax.scan(update, carry, rows)

    return lambda: jax.block_until_ready(epoch(carry, jax.random.PRNGKey(1)))


def dynax_epoch(train: TrainingSet, config: TrainingConfig) -> Callable[[], None]:
    """Return a function that runs an epoch of one-step training, without validation."""
    params = train.model.create(jax.random.PRNGKey(0), train.normalization)["params"]
    state = initial_state(params, optimizer_for(train, config), jax.random.PRNGKey(0))
    runner = stages_of(config)[0].runner(train, config)

    def run():
        nonlocal state
        state, loss = run_epoch(runner, state)
        loss.block_until_ready()

    return run


def measure(rounds: int) -> Iterator[dict[str, Any]]:
    """Yield the result."""
    env = CartPoleEnv()
    data, _ = collect_and_prepare_data(env, 2 + UPDATES * BATCH // 100, 100, jax.random.PRNGKey(0), val_fraction=0.01)
    model = MLPDynamicsModel(env=env, hidden_dims=WIDTHS, activation="silu")
    train = TrainingSet.of(model, data)
    samples, updates = train.samples, data.num_transitions // BATCH
    features = normalize(train.normalization["features"], model.features(samples.states))
    inputs = jnp.concatenate([features, samples.actions], axis=1)
    ours = dynax_epoch(train, TrainingConfig(batch_size=BATCH, optimizer="adam"))
    theirs = hand_written_epoch(inputs, samples.targets, updates)
    for epoch in (ours, theirs):
        epoch()  # compiles

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
    """Return the result as a table with one row."""
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
