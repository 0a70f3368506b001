"""The division of the work of an optimizer among devices.

SOAP and Muon multiply matrices of parameters. All devices would otherwise compute the same products.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, PyTree

from dynax.training.shards import Shards


class Divided(NamedTuple):
    """The state of an optimizer, one for each shard; only the device of a shard updates its state."""

    parts: tuple[Any, ...]


def divided(rule: optax.GradientTransformation, shards: Shards) -> optax.GradientTransformation:
    """Return an optimizer in which each shard updates some of the parameters.

    Args:
        rule: an optimizer that treats each parameter independently of the others.
        shards: the shards. The device of a shard computes the updates, and sends them to the other devices.
    """
    if shards.count == 1:
        return rule

    def init(params: PyTree) -> Divided:
        leaves = jax.tree.leaves(params)
        return Divided(tuple(rule.init([leaves[i] for i in group]) for group in _groups(leaves, shards.count)))

    def update(updates: PyTree, state: Any, params: PyTree = None) -> tuple[PyTree, Divided]:
        gradients, values = jax.tree.leaves(updates), jax.tree.leaves(params)
        changes, parts = list(gradients), []
        for shard, group in enumerate(_groups(gradients, shards.count)):
            own = [gradients[i] for i in group], state.parts[shard], [values[i] for i in group]
            change, part = shards.on_device_of(shard, rule.update, _no_update, *own)
            parts.append(part)
            for i, each in zip(group, jax.tree.leaves(change), strict=True):
                changes[i] = each
        flat, unravel = ravel_pytree(jax.tree.unflatten(jax.tree.structure(updates), changes))  # a single transfer
        return unravel(shards.add(flat)), Divided(tuple(parts))

    return optax.GradientTransformation(init, update)


def collected(state: PyTree, shards: Shards) -> PyTree:
    """Return the state of an optimizer with the newest parts of each `Divided` on every device."""

    def collect(node: Any) -> Any:
        if not isinstance(node, Divided):
            return node
        parts = [shards.on_device_of(i, lambda part: part, _zeros, part) for i, part in enumerate(node.parts)]
        return shards.add(Divided(tuple(parts)))

    return jax.tree.map(collect, state, is_leaf=lambda node: isinstance(node, Divided))


def _no_update(gradients: list[Array], part: Any, values: list[Array]) -> tuple[list[Array], Any]:
    return _zeros(gradients), part


def _zeros(tree: PyTree) -> PyTree:
    return jax.tree.map(jnp.zeros_like, tree)


def _groups(leaves: list[Any], count: int) -> list[list[int]]:
    """Return the parameters of each shard, such that all shards have about the same number of multiplications."""
    groups, work = [[] for _ in range(count)], [0] * count
    for i in sorted(range(len(leaves)), key=lambda i: -_work(leaves[i])):
        least = work.index(min(work))
        groups[least].append(i)
        work[least] += _work(leaves[i])
    return groups


def _work(leaf: Any) -> int:
    return leaf.size * sum(leaf.shape)
