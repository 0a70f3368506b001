"""Paths for Orbax, which otherwise reads `[`, `*` and `?` in the name of a directory as a pattern."""

import pathlib
from collections.abc import Iterator
from typing import Self

from etils import epath


class VerbatimPath(type(epath.Path("/"))):
    """A path whose own text is never a pattern.

    The base class joins its text to the argument of `glob` and reads the result as one pattern. Orbax then finds no
    arrays in a directory such as `lr=[0.1]`, and writes an empty checkpoint without an error.
    """

    def glob(self, pattern: str) -> Iterator[Self]:
        """Yield the paths below this directory that match `pattern`."""
        return map(type(self), pathlib.Path(str(self)).glob(pattern))
