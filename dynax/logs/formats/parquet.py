"""Parquet: one row per sample. Lists in a column become one column for each of their entries."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from dynax.config.bounds import check_memory, check_samples
from dynax.errors import UserError
from dynax.logs.recording import Recording, fault_of_array, no_columns, table


def read(path: Path, name: str) -> list[Recording]:
    """Return the recording of a Parquet file.

    Raises:
        UserError: if the file is damaged, or has no columns of numbers.
    """
    arrays, unusable = read_arrays(path)
    if not arrays:
        raise no_columns(path, unusable)
    return [Recording(name, table(arrays, name), unusable=unusable)]


def read_arrays(path: Path) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Return the numeric columns of a Parquet file, (n,) or (n, width), and a clause about each other column.

    Raises:
        UserError: if the file is damaged.
    """
    import pyarrow
    import pyarrow.parquet

    try:
        described = pyarrow.parquet.read_metadata(path)
        check_samples(str(path), described.num_rows)
        groups = [described.row_group(i) for i in range(described.num_row_groups)]
        numbers = sum(group.column(i).num_values for group in groups for i in range(group.num_columns))  # in lists, too
        check_memory(f"reading {path}", 16.0 * numbers, "import a part of the log")
        schema = pyarrow.parquet.read_schema(path)
        if twice := next((name for name in schema.names if schema.names.count(name) > 1), None):
            raise UserError(f"{path}: two columns are called {twice!r}; rename one of them")
        content = pyarrow.parquet.read_table(path, columns=[field.name for field in schema if _has_numbers(field.type)])
    except MemoryError:
        raise
    except pyarrow.ArrowException as error:
        raise UserError(f"{path} is damaged: {' '.join(str(error).split())}") from None
    unusable = {x.name: f"has the type {x.type}, but must have numbers" for x in schema if not _has_numbers(x.type)}
    arrays = {column: _array(content[column].combine_chunks()) for column in content.column_names}
    unusable |= {column: array for column, array in arrays.items() if isinstance(array, str)}
    return {column: array for column, array in arrays.items() if not isinstance(array, str)}, unusable


def _has_numbers(kind: Any) -> bool:
    """Return whether an Arrow type is a number, a time, or a list of these. Texts may be large and are not read."""
    from pyarrow import types

    if _is_list(kind):
        return _has_numbers(kind.value_type)
    number = types.is_boolean(kind) or types.is_integer(kind) or types.is_floating(kind)
    return number or types.is_timestamp(kind)


def _is_list(kind: Any) -> bool:
    """Return whether an Arrow type is a list of any kind."""
    from pyarrow import types

    return types.is_list(kind) or types.is_fixed_size_list(kind) or types.is_large_list(kind)


def _array(column: Any) -> np.ndarray | str:
    """Return an Arrow column of numbers as an array, (n,) or (n, width), or a clause if its lists differ in length."""
    import pyarrow
    from pyarrow import types

    if types.is_timestamp(column.type):
        unit = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}[column.type.unit]
        return unit * column.cast(pyarrow.int64()).to_numpy(zero_copy_only=False)
    if not _is_list(column.type):
        return column.to_numpy(zero_copy_only=False).astype(np.float64)
    rows = column.to_pylist()
    widths = {len(row) if row is not None else 0 for row in rows}
    if len(widths) > 1:
        return f"has lists of different lengths, from {min(widths)} to {max(widths)}"
    try:
        array = np.array(rows, np.float64)  # None in a list is NaN
    except (ValueError, TypeError):  # lists of different lengths within the lists
        return "has lists whose parts differ in length"
    if fault := fault_of_array(array.shape, array.dtype):
        return fault
    return array.reshape(len(rows), math.prod(array.shape[1:]))
