"""A recording: columns of numbers that one machine has logged, from one file or one episode of a file."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float

from dynax.config.bounds import MAX_ENTRIES
from dynax.errors import MAX_NAMES, UserError, did_you_mean

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
    unusable: Mapping[str, str] = field(default_factory=dict)  # other columns, and why they have no numbers: a clause
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
            UserError: if there is no such column, or it does not have a number for each sample.
        """
        if name in self.columns:
            return self.columns[name]
        if name in self.unusable:
            raise UserError(f"{key}: the column {name} of {self.name} {self.unusable[name]}; choose another column")
        names = list(self.columns)
        listed = ", ".join(names[:MAX_LISTED]) + (" and others" if len(names) > MAX_LISTED else "")
        columns = f"its columns are {listed}" if names else "it has no columns of numbers"
        raise UserError(f"{key}: {self.name} has no column {name or repr(name)}{did_you_mean(name, names)}; {columns}")


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


def table(arrays: Mapping[str, np.ndarray], where: str) -> dict[str, Column]:
    """Return arrays as columns. An array of several axes becomes one column for each of its entries.

    Args:
        arrays: the arrays.
        where: the file, for error messages.

    Raises:
        UserError: if two columns have the same name.
    """
    columns = {}
    for name, array in arrays.items():
        flat = np.asarray(array).reshape(len(array), math.prod(np.shape(array)[1:]))
        names = [name] if np.ndim(array) == 1 else [f"{name}.{i}" for i in range(flat.shape[1])]
        for i, key in enumerate(names):
            if key in columns:
                raise UserError(f"{where}: two columns are called {key!r}; rename one of them")
            columns[key] = Column(flat[:, i].astype(np.float64))
    return columns


def fault_of_array(shape: Sequence[int], dtype: np.dtype) -> str | None:
    """Return a clause about an array that cannot be one or several columns, such as a text or an image, or None."""
    width = math.prod(shape[1:])
    if dtype.kind not in "biuf":
        return f"has the type {dtype}, but must have numbers"
    if not shape:
        return "is a single number, but must have one number per sample"
    if not width:
        return f"has the shape {tuple(shape)}, and no number in a sample"
    return None if width <= MAX_ENTRIES else f"has {width:,} numbers per sample, more than {MAX_ENTRIES:,}"


def fault_of_length(rows: int, samples: int) -> str:
    """Return a clause about an array with another number of rows than the recording."""
    return f"has {rows:,} rows instead of {samples:,}"


def no_columns(path: Path, unusable: Mapping[str, str]) -> UserError:
    """Return the error about a file without usable columns."""
    reasons = " and ".join(f"{name} {reason}" for name, reason in list(unusable.items())[:MAX_NAMES])
    return UserError(f"{path} contains no arrays of numbers{': ' if reasons else ''}{reasons}")
