"""Optimizers with a constant gradient, for which Adam's steps equal the learning rate."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from dynax.config.registries import OPTIMIZERS
from dynax.config.schema import TrainingConfig
from dynax.training import optimizers

EACH = pytest.mark.parametrize("name", OPTIMIZERS.names())
ADAMS = pytest.mark.parametrize("name", ["adam", "adamw", "soap"])  # for scalars all three are Adam's rule
PLAIN = {"learning_rate": 0.1, "final_learning_rate": 0.001, "warmup_steps": 0, "gradient_clip": None}


def walk(gradient, num_steps, start=1.0, **options):
    """Return the parameter after each of `num_steps` updates."""
    rule = optimizers.make(TrainingConfig(**PLAIN | options), num_steps)
    update = jax.jit(rule.update)
    params = {"w": np.float32(start)}
    state, path = rule.init(params), [start]
    for _ in range(num_steps):
        change, state = update({"w": np.float32(gradient)}, state, params)
        params = optax.apply_updates(params, change)
        path.append(float(params["w"]))
    return np.array(path)


@ADAMS
def test_the_learning_rate_falls_as_a_cosine(name):
    steps = -np.diff(walk(3.0, 20, optimizer=name))
    cosine = 0.001 + 0.099 * (1 + np.cos(np.pi * np.arange(20) / 20)) / 2
    np.testing.assert_allclose(steps, cosine, rtol=1e-3)


@ADAMS
def test_the_learning_rate_rises_linearly_at_first(name):
    steps = -np.diff(walk(3.0, 100, optimizer=name, warmup_steps=5))
    np.testing.assert_allclose(steps[:6], 0.1 * np.arange(6) / 5, rtol=1e-3, atol=1e-7)


@EACH
def test_the_warm_up_takes_at_most_a_tenth_of_the_training(name):
    steps = -np.diff(walk(3.0, 20, optimizer=name, warmup_steps=1000))
    assert np.argmax(steps) == 2


@ADAMS
def test_a_training_of_one_step_uses_the_peak_learning_rate(name):
    np.testing.assert_allclose(walk(3.0, 1, optimizer=name, warmup_steps=300), [1, 0.9], rtol=1e-5)


def test_a_long_gradient_is_clipped():
    change = {"w": np.array([3.0, 4.0], np.float32)}
    received = {}

    def spy(schedule, config):
        return optax.stateless(lambda updates, params: received.setdefault("gradient", updates))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("dynax.training.optimizers.adam.optimizer", spy)
        rule = optimizers.make(TrainingConfig(optimizer="adam", gradient_clip=0.5), 10)
        rule.update(change, rule.init(change), change)
    np.testing.assert_allclose(received["gradient"]["w"], [0.3, 0.4])


def test_adam_adds_the_decay_to_the_gradient():
    np.testing.assert_allclose(walk(0.0, 1, start=2.0, optimizer="adam", weight_decay=0.01), [2, 1.9], rtol=1e-4)


@pytest.mark.parametrize("name", ["adamw", "muon", "soap"])
def test_decoupled_decay_is_not_part_of_the_gradient(name):
    np.testing.assert_allclose(
        walk(0.0, 1, start=2.0, optimizer=name, weight_decay=0.01), [2, 2 * (1 - 0.1 * 0.01)], rtol=1e-6
    )


@EACH
def test_without_decay_and_gradient_parameters_are_constant(name):
    assert (walk(0.0, 3, start=2.0, optimizer=name) == 2).all()


@EACH
def test_the_state_consists_of_arrays_that_share_no_memory(name):
    """A checkpoint stores them, and a compiled epoch overwrites them."""
    params = {"kernel": jnp.ones((3, 2)), "bias": jnp.ones(2), "scalar": jnp.ones(())}
    rule = optimizers.make(TrainingConfig(optimizer=name), 10)
    leaves = jax.tree.leaves(rule.init(params), is_leaf=lambda x: x is None)
    assert all(isinstance(x, jax.Array) for x in leaves)
    pointers = [x.unsafe_buffer_pointer() for x in [*leaves, *jax.tree.leaves(params)]]
    assert len(set(pointers)) == len(pointers)


@EACH
def test_an_update_preserves_the_shapes_of_the_state(name):
    params = {"kernel": jnp.ones((3, 2)), "bias": jnp.ones(2), "scalar": jnp.ones(())}
    rule = optimizers.make(TrainingConfig(optimizer=name), 10)
    before = jax.eval_shape(rule.init, params)
    _, after = jax.eval_shape(rule.update, params, before, params)
    assert jax.tree.map(lambda x: (x.shape, x.dtype), after) == jax.tree.map(lambda x: (x.shape, x.dtype), before)


@pytest.mark.slow
@EACH
def test_ensemble_members_are_optimized_separately(name):
    """The update of a member equals the update of a single model, for gradients of any size."""
    rng = np.random.default_rng(0)
    params = {"kernel": np.float32(rng.normal(size=(2, 4, 3))), "bias": np.float32(rng.normal(size=(2, 3)))}
    config = TrainingConfig(optimizer=name, gradient_clip=1.0, weight_decay=0.01)
    of = lambda tree, i: jax.tree.map(lambda x: x[i], tree)  # noqa: E731
    ensemble, single = optimizers.make(config, 10, ensemble_size=2), optimizers.make(config, 10)
    state, states = ensemble.init(params), [single.init(of(params, i)) for i in range(2)]
    for _ in range(3):
        gradient = jax.tree.map(
            lambda x: np.float32(rng.normal(size=x.shape)) * np.float32([0.1, 9])[:, *[None] * (x.ndim - 1)], params
        )
        change, state = ensemble.update(gradient, state, params)
        for i in range(2):
            expected, states[i] = single.update(of(gradient, i), states[i], of(params, i))
            assert all(map(np.array_equal, jax.tree.leaves(of(change, i)), jax.tree.leaves(expected)))


def test_muon_orthogonalizes_the_step_of_a_matrix():
    """Five Newton-Schulz iterations bring the singular values close to the learning rate."""
    gradient = {"w": np.float32([[3, 1], [0, 0.5]])}
    rule = optimizers.make(TrainingConfig(**PLAIN, optimizer="muon"), 10)
    change, _ = rule.update(gradient, rule.init(gradient), gradient)
    np.testing.assert_allclose(np.linalg.svd(change["w"])[1], 0.1, rtol=0.35)
    assert np.trace(change["w"].T @ gradient["w"]) < 0
