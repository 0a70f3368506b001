"""CSV: one row per sample, with names in the first row. Columns are separated by commas, semicolons or tabs."""

import contextlib
import csv
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from dynax.config.bounds import check_memory
from dynax.errors import UserError
from dynax.logs.recording import Recording, table

BYTES_PER_CHARACTER = 20  # memory of lines and cells
MISSING = {"", "nan", "+nan", "-nan", "na", "n/a", "null", "none", "-"}  # cells without a value, in lower case
PLAIN = set("0123456789+-.eE \t")  # Python also reads 1_0 and digits of other scripts, which no program writes
NUMBER = re.compile(r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|inf(?:inity)?)", re.ASCII | re.IGNORECASE)


def read(path: Path, name: str) -> list[Recording]:
    """Return the recording of a CSV file. Empty cells are NaN, and columns of text are left out.

    Raises:
        UserError: if a row has another number of cells than the header, or a cell of a numeric column is no number.
    """
    check_memory(f"reading {path}", BYTES_PER_CHARACTER * path.stat().st_size, "save the log as Parquet or NPZ")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        raise UserError(f"{path}, line {line}: the text is not UTF-8; save the file as UTF-8") from None
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip() and line[0] != "#"]
    if len(lines) < 2:
        raise UserError(f"{path} has no samples: the first row must contain names, and the others numbers")
    delimiter = max(",;\t", key=lines[0][1].count)
    reader = csv.reader((f"{line}\n" for _, line in lines), delimiter=delimiter)
    rows, numbers = zip(*((row, lines[reader.line_num - 1][0]) for row in reader), strict=True)
    names = [cell.strip() for cell in rows[0]]
    if _is_number(names[0]) and all(map(_is_number, names)):
        raise UserError(f"{path}, line {numbers[0]}: the first row must contain the names of the columns")
    for row, number in zip(rows, numbers, strict=True):
        if len(row) != len(names):
            raise UserError(f"{path}, line {number}: the row has {len(row)} cells, and the header has {len(names)}")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise UserError(f"{path}, line {numbers[0]}: two columns are called {twice!r}; rename one of them")
    cells = list(zip(*rows[1:], strict=True))
    decimal = "," if delimiter == ";" else "."
    columns = {key: _numbers(column, decimal, path, key, numbers[1:]) for key, column in zip(names, cells, strict=True)}
    texts = {key: found for key, found in columns.items() if isinstance(found, str)}
    if len(texts) == len(columns):
        first = f"{names[0][:40]} {texts[names[0]]}"
        raise UserError(f"{path} has no column of numbers: {first}; commas, semicolons or tabs separate columns")
    return [Recording(name, table({k: x for k, x in columns.items() if not isinstance(x, str)}, name), unusable=texts)]


def _numbers(cells: Sequence[str], decimal: str, path: Path, name: str, lines: Sequence[int]) -> np.ndarray | str:
    """Return a column as numbers, or a clause about it if it has only texts."""
    if PLAIN.issuperset("".join(cells)):
        with contextlib.suppress(ValueError):
            return np.array(cells, np.float64)
    texts = [cell.strip().replace(decimal, ".") for cell in cells]
    valid = [text.lower() in MISSING or _is_number(text) for text in texts]
    bad = valid.index(False) if not all(valid) else None
    if not any(ok and text.lower() not in MISSING for ok, text in zip(valid, texts, strict=True)):
        if bad is None:
            return np.full(len(texts), np.nan)
        return f"is text: {cells[bad][:40]!r} in line {lines[bad]} is not a number"
    if bad is not None:
        raise UserError(f"{path}, line {lines[bad]}: {cells[bad][:40]!r} in the column {name} is not a number")
    return np.array([np.nan if text.lower() in MISSING else float(text) for text in texts])


def _is_number(text: str) -> bool:
    return NUMBER.fullmatch(text) is not None
