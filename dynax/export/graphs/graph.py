"""The operations of a graph.

All numbers of a graph are in one memory. A source is a block of this memory: an input, a constant, or the result of an
operation. A value is an array of addresses. An operation that only moves entries, such as a slice or a transpose, is a
new array of addresses and needs no operation in the graph.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Int

Addresses = Int[np.ndarray, "..."]


@dataclass(frozen=True, eq=False)
class Source:
    """A block of the memory.

    Args:
        name: the name of an input or a constant; empty for the result of an operation.
        start: the first address.
        size: the number of entries.
        value: the entries of a constant.
        dtype: the type of the entries.
    """

    name: str
    start: int
    size: int
    dtype: np.dtype
    value: np.ndarray | None = None


class Run(NamedTuple):
    """Entries of one source at equal distances. With `step` zero it is one entry, which is repeated."""

    source: Source
    start: int  # entry of the source
    step: int
    size: int

    @property
    def is_scalar(self) -> bool:
        """Whether all entries are the same."""
        return self.step == 0

    @property
    def is_whole(self) -> bool:
        """Whether the run is its source."""
        return (self.start, self.step, self.size) == (0, 1, self.source.size)


@dataclass(frozen=True, eq=False)
class Node:
    """An operation.

    Args:
        name: `move`, `dot`, the name of a reduction, or the name of an elementwise function.
        operands: the runs that the operation reads; of a `move`, the runs that it concatenates.
        result: the block that the operation writes.
        shape: of a `dot`, numbers of rows, inner entries and columns; of a reduction, results and entries of each.
        options: parameters of the function.
        index: of a `move` with a table, the entries of the concatenated operands.
    """

    name: str
    operands: tuple[Run, ...]
    result: Source
    shape: tuple[int, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    index: Int[np.ndarray, " n"] | None = None


@dataclass(frozen=True, eq=False)
class Graph:
    """A function of arrays as operations in the order of their computation.

    Args:
        inputs: the inputs, flat.
        nodes: the operations that the results need.
        outputs: one run for each result, which is a whole source.
        shapes: shape of each result.
    """

    inputs: tuple[Source, ...]
    nodes: tuple[Node, ...]
    outputs: tuple[Run, ...]
    shapes: tuple[tuple[int, ...], ...]

    @property
    def constants(self) -> list[Source]:
        """The constants that the operations read, in the order of their use."""
        found: dict[int, Source] = {}
        for run in [*(run for node in self.nodes for run in node.operands), *self.outputs]:
            if run.source.value is not None:
                found[run.source.start] = run.source
        return list(found.values())


def runs(sources: Sequence[Source], addresses: Addresses) -> list[Run]:
    """Return addresses as consecutive runs.

    Args:
        sources: the source of each address.
        addresses: flat array of addresses.
    """
    found, i, n = [], 0, len(addresses)
    steps = np.diff(addresses)
    while i < n:
        source, j = sources[i], i + 1
        while j < n and sources[j] is source and steps[j - 1] == steps[i] and steps[i] >= 0:
            j += 1
        step = int(steps[i]) if j > i + 1 else 0
        found.append(Run(source, int(addresses[i]) - source.start, step, j - i))
        i = j
    return found
