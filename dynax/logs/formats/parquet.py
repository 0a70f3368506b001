"""Parquet: one row per sample. Lists in a column become one column for each of their entries."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from dynax.config.bounds import check_memory, check_samples
from dynax.errors import UserError
from dynax.logs.recording import Recording, table


def read(path: Path, name: str) -> list[Recording]:
    """Return the recording of a Parquet file.

    Raises:
        UserError: if the file is damaged, or the lists of a column differ in length.
    """
    return [Recording(name, table(read_arrays(path)))]


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the numeric columns of a Parquet file, (n,) or (n, width).

    Raises:
        UserError: if the file is damaged, or the lists of a column differ in length.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        described = pyarrow.parquet.read_metadata(path)
        check_samples(str(path), described.num_rows)
        groups = [described.row_group(i) for i in range(described.num_row_groups)]
        numbers = sum(group.column(i).num_values for group in groups for i in range(group.num_columns))  # in lists, too
        check_memory(f"reading {path}", 16.0 * numbers, "import a part of the log")
        content = pyarrow.parquet.read_table(path)
    except pyarrow.ArrowException as error:
        raise UserError(f"{path} is damaged: {' '.join(str(error).split())}") from None
    return {
        column: array
        for column in content.column_names
        if (array := _array(content[column].combine_chunks(), path, column)) is not None
    }


def _array(column: Any, path: Path, name: str) -> np.ndarray | None:
    """Return an Arrow column as an array, or None if it contains no numbers."""
    import pyarrow
    import pyarrow.types as types

    if types.is_timestamp(column.type):
        unit = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}[column.type.unit]
        return unit * column.cast(pyarrow.int64()).to_numpy(zero_copy_only=False)
    if types.is_boolean(column.type) or types.is_integer(column.type) or types.is_floating(column.type):
        return column.to_numpy(zero_copy_only=False).astype(np.float64)
    if types.is_list(column.type) or types.is_fixed_size_list(column.type) or types.is_large_list(column.type):
        rows = column.to_pylist()
        widths = {len(row) if row is not None else 0 for row in rows}
        if len(widths) > 1:
            raise UserError(f"{path}: the lists in the column {name} differ in length, {sorted(widths)}")
        try:
            array = np.array(rows, np.float64)  # None in a list is NaN
        except (ValueError, TypeError):  # texts, or lists of different lengths within the lists
            return None
        return array.reshape(len(rows), math.prod(array.shape[1:]))
    return None
