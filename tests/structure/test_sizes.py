"""Check the number of lines of files and functions."""

import ast
import statistics
from pathlib import Path

import pytest
from sources import FILES, PROJECT, REPOSITORY, nodes, tree

MAX_FILE_LINES, MAX_LONG_FILES, MAX_MEDIAN_FILE_LINES = 250, 5, 100
MAX_FUNCTION_LINES, MAX_MEDIAN_FUNCTION_LINES = 60, 10
REASON = "This file is long because"  # sentence in the docstring of a file above MAX_FILE_LINES


def lines(file: Path) -> int:
    return len(file.read_text().splitlines())


def functions(files: list[Path]) -> dict[str, int]:
    """Return the number of lines of each function, docstring included."""
    return {
        f"{file.relative_to(REPOSITORY)}:{node.lineno} {node.name}": node.end_lineno - node.lineno + 1
        for file in files
        for node in nodes(file, ast.FunctionDef, ast.AsyncFunctionDef)
    }


def test_files_are_short():
    assert statistics.median(map(lines, FILES)) <= MAX_MEDIAN_FILE_LINES
    assert statistics.median(map(lines, PROJECT)) <= MAX_MEDIAN_FILE_LINES


def test_long_files_are_few_and_give_a_reason():
    long = [file for file in PROJECT if lines(file) > MAX_FILE_LINES]
    names = [str(file.relative_to(REPOSITORY)) for file in long]
    assert len(names) <= MAX_LONG_FILES
    bare = [name for file, name in zip(long, names, strict=True) if REASON not in (ast.get_docstring(tree(file)) or "")]
    assert bare == []


@pytest.mark.parametrize("files", [FILES, PROJECT], ids=["package", "project"])
def test_functions_are_short(files):
    sizes = functions(files)
    assert statistics.median(sizes.values()) <= MAX_MEDIAN_FUNCTION_LINES
    assert [name for name, size in sizes.items() if size > MAX_FUNCTION_LINES] == []
