"""Data-parallel updates: each device computes the gradients of its shards of a batch.

The result of an update depends on the number of shards. It depends on the number of devices only as far as XLA rounds
their programs differently. A device computes its shards one after the other. Gradients are added pairwise in an order
that only depends on the shards. Both numbers are powers of two.

Axes: N shards, L shards of a device, b windows of a shard, P parameters.
"""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Float, Int, PyTree, UInt32

from dynax.config.cores import usable_cores
from dynax.config.schema import TrainingConfig
from dynax.runs.arrays import unbound

AXIS = "device"
MIN_PREDICTIONS = 128  # predictions of a shard, below which another shard costs more time than it saves

T = TypeVar("T")


def default_shards(predictions: int) -> int:
    """Return the number of shards for this process: one for each device, as far as cores and predictions suffice.

    Args:
        predictions: predictions per update.
    """
    devices = jax.local_device_count()
    workers = min(devices, usable_cores()) if jax.default_backend() == "cpu" else devices
    return power_of_two(min(workers, predictions // MIN_PREDICTIONS))


def with_shards(config: TrainingConfig) -> TrainingConfig:
    """Return the settings with the number of shards for this machine, unless they have another."""
    return dataclasses.replace(config, shards=config.shards or default_shards(config.batch_size))


def power_of_two(limit: int) -> int:
    """Return the largest power of two that is at most `limit`, or 1."""
    return 1 << max(0, limit.bit_length() - 1)


@dataclass(frozen=True)
class Shards:
    """The shards of a batch and their devices; by default a single shard on the default device."""

    count: int = 1  # number N of shards
    devices: tuple[Any, ...] = ()  # a power of two, at most N; none for the default device

    @classmethod
    def of(cls, wanted: int | None, windows: int) -> "Shards":
        """Return shards of equal size.

        Args:
            wanted: largest number of shards; None for one.
            windows: windows per update.
        """
        count = math.gcd(power_of_two(wanted or 1), windows)
        devices = jax.local_devices()[: power_of_two(min(count, jax.local_device_count()))]
        return cls(count, tuple(devices) if len(devices) > 1 else ())

    @property
    def per_device(self) -> int:
        """Number L of shards of a device."""
        return self.count // max(1, len(self.devices))

    def copies(self, tree: PyTree) -> PyTree:
        """Return a pytree of arrays with a copy on each device, which a program may overwrite."""
        return jax.device_put(tree, self._everywhere) if self.devices else tree

    def shared(self, tree: PyTree) -> PyTree:
        """Return a pytree of arrays that each device can read. CPU devices share the memory of an array."""
        return jax.tree.map(self._share, tree) if self.devices else tree

    def first(self, tree: PyTree) -> PyTree:
        """Return the values on the default device."""
        return jax.tree.map(lambda x: unbound(x.addressable_data(0)), tree) if self.devices else tree

    def compile(self, function: Callable[..., T], donated: tuple[int, ...]) -> Callable[..., T]:
        """Compile a function that all devices run at the same time, with the same arguments and the same results.

        A CPU device uses one thread, because threads that share the operations of a program wait for each other.

        Args:
            function: the function, which may call the other methods. Its arguments are `copies`, `shared` or numbers.
            donated: positions of the arguments whose memory is reused for the results.
        """
        one_thread = self.count > 1 and jax.default_backend() == "cpu"
        options = {"xla_cpu_multi_thread_eigen": False} if one_thread else None
        if self.devices:
            mesh, spec = self._everywhere.mesh, self._everywhere.spec
            function = jax.shard_map(function, mesh=mesh, in_specs=spec, out_specs=spec, check_vma=False)
        return jax.jit(function, donate_argnums=donated, compiler_options=options)

    def gradient(
        self,
        errors: Callable[[PyTree, Array, Array], Array],
        loss: Callable[[Array], tuple[Array, T]],
        params: PyTree,
        ends: Int[Array, " B"],
        key: UInt32[Array, "2"],
    ) -> tuple[T, PyTree]:
        """Return the gradient of the loss of a batch.

        Args:
            errors: maps parameters, window ends and a key to squared errors (E, B, ...).
            loss: maps the squared errors of the whole batch to the loss and to another result.
            params: the parameters.
            ends: window ends of the whole batch.
            key: random key. Each of several shards has a key of its own, which is derived from it.

        Returns:
            The other result of `loss`, and the gradient.
        """

        def of_shard(rows: Array, key: Array) -> tuple[Array, Callable[[Array], tuple[PyTree]]]:
            return jax.vjp(lambda params: errors(params, rows, key), params)

        if self.count == 1:
            squared, pull_back = of_shard(ends, key)
            slope, other = jax.grad(loss, has_aux=True)(squared)
            return other, pull_back(slope)[0]

        shards = self._own(ends.reshape(self.count, -1)), self._own(jax.random.split(key, self.count))
        squared, pull_backs = jax.lax.map(lambda shard: of_shard(*shard), shards)
        slope, other = jax.grad(loss, has_aux=True)(_joined(self._gathered(squared)))
        pairs = pull_backs, self._own(_split(slope, self.count))
        gradients = jax.lax.map(lambda pair: ravel_pytree(pair[0](pair[1])[0])[0], pairs)
        return other, ravel_pytree(params)[1](self._sum(gradients))

    def on_device_of(self, shard: int, function: Callable[..., T], otherwise: Callable[..., T], *arguments: Any) -> T:
        """Return `function(*arguments)` on the device of a shard, and `otherwise(*arguments)` on other devices."""
        if self.devices:
            mine = jax.lax.axis_index(AXIS) == shard // self.per_device
        else:
            mine = jax.lax.optimization_barrier(True)  # XLA would otherwise fuse `function` with other operations
        return jax.lax.cond(mine, function, otherwise, *arguments)

    def add(self, tree: PyTree) -> PyTree:
        """Return the sum of a pytree over all devices. Each leaf is zero on all devices but one."""
        return jax.lax.psum(tree, AXIS) if self.devices else tree

    @property
    def mesh(self) -> Mesh:
        """The devices, if there are several."""
        return Mesh(np.array(self.devices), (AXIS,))

    @property
    def _everywhere(self) -> NamedSharding:
        return NamedSharding(self.mesh, PartitionSpec())

    def _share(self, array: Array) -> Array:
        views = [jax.device_put(np.asarray(array), device, may_alias=True) for device in self.devices]
        return jax.make_array_from_single_device_arrays(array.shape, self._everywhere, views)

    def _first_own(self) -> Any:
        """Return the number of the first shard of this device."""
        return jax.lax.axis_index(AXIS) * self.per_device if self.devices else 0

    def _own(self, blocks: Array) -> Array:
        """Return the blocks (L, ...) of this device from one block per shard (N, ...)."""
        return jax.lax.dynamic_slice_in_dim(blocks, self._first_own(), self.per_device)

    def _gathered(self, own: Array) -> Array:
        """Return the blocks of all shards (N, ...) from those of this device (L, ...)."""
        if not self.devices:
            return own
        zeros = jnp.zeros((self.count, *own.shape[1:]), own.dtype)  # a sum is faster than `all_gather` on CPU devices
        return jax.lax.psum(jax.lax.dynamic_update_slice_in_dim(zeros, own, self._first_own(), 0), AXIS)

    def _sum(self, own: Float[Array, "L P"]) -> Float[Array, " P"]:
        """Return the sum over all shards as a binary tree, which is the same for each number of devices."""
        while len(own) > 1:
            own = own[0::2] + own[1::2]
        total, size = own[0], 1
        while size < len(self.devices):
            pairs = [[i, i + size] for i in range(len(self.devices)) if not i & size]
            total, size = jax.lax.psum(total, AXIS, axis_index_groups=pairs), 2 * size
        return total


def _joined(blocks: Float[Array, "N E b ..."]) -> Float[Array, "E B ..."]:
    """Return the squared errors of a batch from those of its shards."""
    return jnp.moveaxis(blocks, 0, 1).reshape(blocks.shape[1], -1, *blocks.shape[3:])


def _split(batch: Float[Array, "E B ..."], count: int) -> Float[Array, "N E b ..."]:
    """Return the inverse of `_joined`."""
    return jnp.moveaxis(batch.reshape(len(batch), count, -1, *batch.shape[2:]), 1, 0)
