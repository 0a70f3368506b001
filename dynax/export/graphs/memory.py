"""The memory of a graph: its sources, and the addresses of their entries."""

from bisect import bisect_right
from typing import Any

import numpy as np

from dynax.export.graphs.graph import Addresses, Run, Source, runs

CONSTANTS = 2**30  # address of the first constant; all other addresses are below


class Memory:
    """Sources in two regions of one address space: constants, and everything that depends on inputs."""

    def __init__(self) -> None:
        self._constants: list[Source] = []
        self._variables: list[Source] = []
        self._scalars: dict[tuple[str, float], Addresses] = {}
        self._next = {True: CONSTANTS, False: 0}

    def add(self, size: int, dtype: Any, name: str = "", value: np.ndarray | None = None) -> Source:
        """Add a source."""
        constant = value is not None
        source = Source(name, self._next[constant], size, np.dtype(dtype), value)
        if size:
            self._next[constant] += size
            (self._constants if constant else self._variables).append(source)
        return source

    def constant(self, value: Any, name: str = "") -> Addresses:
        """Return the addresses of a constant. Equal numbers share an address."""
        value = np.asarray(value)
        if value.size == 1 and not name:
            key = (value.dtype.str, value.item())
            if key not in self._scalars:
                self._scalars[key] = addresses(self.add(1, value.dtype, value=value.ravel()))
            return self._scalars[key].reshape(value.shape)
        return addresses(self.add(value.size, value.dtype, name, value.ravel())).reshape(value.shape)

    def values(self, where: Addresses, dtype: Any) -> np.ndarray:
        """Return the entries of constants."""
        flat = where.ravel()
        if not flat.size:
            return np.zeros(where.shape, dtype)
        low, high = self.source(int(flat.min())), self.source(int(flat.max()))
        between = self._constants[self._constants.index(low) : self._constants.index(high) + 1]
        content = np.concatenate([np.asarray(source.value).astype(dtype) for source in between])
        return np.asarray(content[where - low.start])

    def source(self, address: int) -> Source:
        """Return the source that contains an address."""
        region = self._constants if address >= CONSTANTS else self._variables
        return region[bisect_right(region, address, key=lambda source: source.start) - 1]

    def runs(self, where: Addresses) -> list[Run]:
        """Return addresses as consecutive runs."""
        flat = where.ravel()
        if flat.size and self.source(int(flat[0])) is self.source(int(flat[-1])):
            steps = np.unique(np.diff(flat))
            if len(steps) <= 1 and (not len(steps) or steps[0] >= 0):
                source, step = self.source(int(flat[0])), int(steps[0]) if len(steps) else 0
                return [Run(source, int(flat[0]) - source.start, step, len(flat))]
        return runs([self.source(int(address)) for address in flat], flat)


def addresses(source: Source) -> Addresses:
    """Return the addresses of a source."""
    return np.arange(source.start, source.start + source.size, dtype=np.int32)


def is_constant(where: Addresses) -> bool:
    """Return whether all addresses are those of constants."""
    return bool((where >= CONSTANTS).all())
