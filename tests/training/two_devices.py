"""Shards on two devices: their gradient, and the same bits as on one device. `test_shards.py` starts this process."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from toys import same

from dynax import TrainingConfig
from dynax.architectures import GRUDynamicsModel, MLPDynamicsModel
from dynax.training import Training
from dynax.training.shards import Shards


def on_devices(count, devices):
    """Return shards on some of the two devices."""
    return Shards(count, tuple(jax.local_devices()[:devices]) if devices > 1 else ())


@pytest.mark.parametrize(("count", "devices"), [(1, 1), (2, 1), (2, 2), (4, 1), (4, 2)])
def test_the_gradient_is_that_of_the_whole_batch(count, devices):
    """The loss depends on all errors, as a Cauchy loss does, whose scale is their median."""
    rng = np.random.default_rng(0)
    x, y, params = (jnp.asarray(rng.normal(size=shape), jnp.float32) for shape in [(16, 3), (16,), (3,)])
    ends = jnp.asarray(rng.permutation(16), jnp.int32)

    def errors(params, rows, key):
        return ((x[rows] @ params - y[rows]) ** 2)[None]

    def loss(squared):
        return jnp.mean(squared / (1 + jnp.max(squared))), jnp.mean(squared)

    split = on_devices(count, devices)
    run = split.compile(lambda *args: split.gradient(errors, loss, *args), donated=())
    mean, gradient = split.first(run(*split.copies((params, ends, jax.random.PRNGKey(0)))))
    expected = jax.grad(lambda params: loss(errors(params, ends, None))[0])(params)
    np.testing.assert_allclose(gradient, expected, rtol=1e-5)
    np.testing.assert_allclose(mean, jnp.mean(errors(params, ends, None)), rtol=1e-5)


def test_devices_share_the_memory_of_data_and_have_copies_of_the_state():
    split, array = on_devices(2, 2), jnp.ones((64, 64))
    pointers = [shard.data.unsafe_buffer_pointer() for shard in split.shared(array).addressable_shards]
    assert len(set(pointers)) == 1
    pointers = [shard.data.unsafe_buffer_pointer() for shard in split.copies(array).addressable_shards]
    assert len(set(pointers)) == 2


def trained(env, data, architecture, config, devices):
    """Return the state after an epoch of 30 updates on some devices, and the metrics of the epoch."""
    found = jax.local_devices()[:devices]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jax, "local_devices", lambda: found)
        patch.setattr(jax, "local_device_count", lambda: devices)
        training = Training(architecture(env=env), *data, config, 0)
        metrics = training.step()
    return training.state, metrics


CONFIG = TrainingConfig(num_epochs=2, batch_size=16, warmup_steps=5, learning_rate=1e-3)


@pytest.mark.parametrize("optimizer", ["adam", "soap"])
def test_the_number_of_devices_changes_no_bit(slide, sliding, optimizer):
    config = replace(CONFIG, optimizer=optimizer, shards=2)
    one, two = (trained(slide, sliding, MLPDynamicsModel, config, devices)[0] for devices in (1, 2))
    assert same(one, two)


@pytest.mark.parametrize("architecture", [MLPDynamicsModel, GRUDynamicsModel])
def test_the_number_of_shards_changes_the_result_by_rounding(slide, sliding, architecture):
    config = replace(CONFIG, optimizer="adam")
    losses = [
        trained(slide, sliding, architecture, replace(config, shards=count), devices)[1].loss
        for count, devices in ((1, 1), (2, 2), (4, 2))
    ]
    assert losses[1:] == pytest.approx([losses[0]] * 2, rel=1e-5)
