"""The places of several trainings: each device runs some of them, a GPU at once and a CPU core one after the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import NamedSharding, PartitionSpec
from jaxtyping import PyTree

from dynax.config.cores import usable_cores
from dynax.training.shards import AXIS, Shards


@dataclass(frozen=True)
class Placement:
    """The devices of several trainings. Some devices may repeat the last training, whose results are not used."""

    devices: Shards  # one shard for each device; only its functions for placing arrays are used

    @classmethod
    def of(cls, count: int) -> "Placement":
        """Return the placement of `count` trainings on the devices that this process may use."""
        number = min(count, jax.local_device_count())
        if jax.default_backend() == "cpu":
            number = min(number, usable_cores())
        devices = tuple(jax.local_devices()[:number])
        return cls(Shards(number, devices if number > 1 else ()))

    def shared(self, tree: PyTree) -> PyTree:
        """Return a pytree of arrays that each device can read."""
        return self.devices.shared(tree)

    def stacked(self, trees: Sequence[PyTree], axes: PyTree) -> PyTree:
        """Return pytrees as one, whose leaves have an axis of trainings.

        Args:
            trees: a pytree of each training.
            axes: 0 for the leaves with an axis of trainings, None for those that all trainings share; a prefix.
        """
        trees = [*trees, *[trees[-1]] * (-len(trees) % self.devices.count)]
        first = trees[0]
        axes = jax.tree.broadcast(axes, first, is_leaf=_is_none)
        stack = lambda axis, *leaves: jnp.array(leaves[0]) if axis is None else jnp.stack(leaves)  # noqa: E731
        tree = jax.tree.map(stack, axes, *trees, is_leaf=_is_none)
        return tree if self.devices.count == 1 else jax.device_put(tree, self._shardings(axes))

    def compile(
        self, function: Callable[..., Any], axes: tuple[Any, ...], results: PyTree, donated: tuple[int, ...]
    ) -> Callable[..., Any]:
        """Compile a function of one training for all of them.

        Args:
            function: the function of one training.
            axes: for each argument, the axes as in `stacked`.
            results: the axes of the results.
            donated: positions of the arguments whose memory is reused for the results.
        """
        if jax.default_backend() == "cpu":
            mapped = _one_after_another(function, axes, results)
        else:
            mapped = jax.vmap(function, in_axes=axes, out_axes=results)
        options = None
        if self.devices.count > 1:
            mesh, spec = self.devices.mesh, lambda tree: jax.tree.map(_spec, tree, is_leaf=_is_none)
            mapped = jax.shard_map(
                mapped, mesh=mesh, in_specs=tuple(map(spec, axes)), out_specs=spec(results), check_vma=False
            )
            options = {"xla_cpu_multi_thread_eigen": False} if jax.default_backend() == "cpu" else None
        return jax.jit(mapped, donate_argnums=donated, compiler_options=options)

    def _shardings(self, axes: PyTree) -> PyTree:
        mesh = self.devices.mesh
        return jax.tree.map(lambda axis: NamedSharding(mesh, _spec(axis)), axes, is_leaf=_is_none)


def _one_after_another(function: Callable[..., Any], axes: tuple[Any, ...], results: PyTree) -> Callable[..., Any]:
    """Return the function that `jax.vmap` returns, as a loop: a core multiplies single matrices faster than batches.

    Args:
        function: the function of one training.
        axes, results: see `Placement.compile`.
    """

    def mapped(*arguments: Any) -> Any:
        leaves, structure = jax.tree.flatten(arguments, is_leaf=_is_none)
        each = jax.tree.leaves(jax.tree.broadcast(axes, arguments, is_leaf=_is_none), is_leaf=_is_none)
        stacked = [leaf for leaf, axis in zip(leaves, each, strict=True) if axis is not None]

        def of_one(own: list[Any]) -> Any:
            rest = iter(own)
            chosen = [leaf if axis is None else next(rest) for leaf, axis in zip(leaves, each, strict=True)]
            return function(*jax.tree.unflatten(structure, chosen))

        found = jax.lax.map(of_one, stacked)
        wanted = jax.tree.broadcast(results, found, is_leaf=_is_none)
        return jax.tree.map(lambda axis, x: x[0] if axis is None else x, wanted, found, is_leaf=_is_none)

    return mapped


def _spec(axis: int | None) -> PartitionSpec:
    return PartitionSpec() if axis is None else PartitionSpec(AXIS)


def _is_none(node: Any) -> bool:
    return node is None
