"""A recording: columns of numbers that one machine has logged, from one file or one episode of a file."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float

from dynax.errors import UserError, did_you_mean

MAX_LISTED = 40  # columns that an error message lists


@dataclass(frozen=True, eq=False)
class Column:
    """The values of one quantity. Values that the log lacks are NaN."""

    values: Float[np.ndarray, " n"]
    time: Float[np.ndarray, " n"] | None = None  # s; None: the recording has a time column or a constant rate


@dataclass(frozen=True, eq=False)
class Recording:
    """Columns that were logged together."""

    file: str  # path of the file, relative to the source
    columns: Mapping[str, Column]
    episode: str = ""  # name of the episode in the file, if the file has several
    dt: float | None = None  # sampling interval that the format states, s
    facts: Mapping[str, str] = field(default_factory=dict)  # further content, such as the MJCF of a simulation

    @property
    def name(self) -> str:
        """The file, and the episode if there are several."""
        return f"{self.file}:{self.episode}" if self.episode else self.file

    def column(self, name: str, key: str) -> Column:
        """Return a column.

        Args:
            name: name of the column.
            key: key of the mapping that contains the name, for the error message.

        Raises:
            UserError: if there is no such column.
        """
        if name in self.columns:
            return self.columns[name]
        names = list(self.columns)
        listed = ", ".join(names[:MAX_LISTED]) + (" and others" if len(names) > MAX_LISTED else "")
        raise UserError(f"{key}: {self.name} has no column {name}{did_you_mean(name, names)}; its columns are {listed}")


@dataclass(frozen=True, eq=False)
class Log:
    """All recordings of a source."""

    source: Path
    format: str
    recordings: Sequence[Recording]
    files: Sequence[Path]  # the files that were read

    @property
    def name(self) -> str:
        """The name of the source without its suffix."""
        return self.source.stem if self.source.is_file() else self.source.name


def table(arrays: Mapping[str, np.ndarray]) -> dict[str, Column]:
    """Return arrays as columns. An array of several axes becomes one column for each of its entries."""
    columns = {}
    for name, array in arrays.items():
        flat = np.asarray(array).reshape(len(array), math.prod(np.shape(array)[1:]))
        if flat.dtype.kind not in "biuf":
            continue  # texts and images are no measurements
        names = [name] if np.ndim(array) == 1 else [f"{name}.{i}" for i in range(flat.shape[1])]
        columns |= {key: Column(flat[:, i].astype(np.float64)) for i, key in enumerate(names)}
    return columns
