"""Read the source code of the project for the tests in `tests/structure`.

`pyproject.toml` lists the levels of the package in `[tool.dynax.levels]`, bottom to top. README and docs print the same
table.
"""

import ast
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[1]
PACKAGE = REPOSITORY / "dynax"
LEVELS: dict[str, str] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["dynax"]["levels"]
FILES = sorted(PACKAGE.rglob("*.py"))
PROJECT = FILES + [
    file for folder in ("benchmarks", "examples", "tests") for file in sorted((REPOSITORY / folder).rglob("*.py"))
]

# Violations accepted while the restructuring is under way, by name of the check. The table must be empty at its end.
KNOWN: dict[str, set[str]] = {
    "long files": {"tests/mjcf/test_model_file.py", "tests/test_trained.py"},
}


def new(check: str, violations: list[str]) -> list[str]:
    """Return the violations that `KNOWN` does not list for `check`."""
    return sorted(set(violations) - KNOWN.get(check, set()))


@cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text())


@cache
def walk(file: Path) -> list[ast.AST]:
    return list(ast.walk(tree(file)))


def nodes(file: Path, *kinds: type) -> list[Any]:
    return [node for node in walk(file) if isinstance(node, kinds)]


def name_of(file: Path) -> str:
    """Return the dotted name of a module, such as `dynax.data.source`; a package has the name of its folder."""
    return ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def level_of(module: str) -> str | None:
    """Return the level of a module, such as `data`; None for `dynax` itself, which imports its public names lazily."""
    return module.split(".")[1] if "." in module else None


def imports(file: Path) -> Iterator[str]:
    """Yield the full names that a file imports anywhere: `json`, `dynax.base`, `dynax.base.normalize`."""
    for node in nodes(file, ast.Import):
        yield from (alias.name for alias in node.names)
    for node in nodes(file, ast.ImportFrom):
        yield from (f"{'.' * node.level}{node.module}.{alias.name}" for alias in node.names)


def dynax_imports(file: Path) -> list[str]:
    return [name for name in imports(file) if name.startswith("dynax.")]


def importers(*packages: str) -> list[str]:
    """Return the modules that import one of `packages`."""
    return [name_of(file) for file in FILES if set(packages) & {name.split(".")[0] for name in imports(file)}]


def calls(file: Path) -> set[str]:
    """Return the names of the functions that a file calls, such as `print` and `json.loads`."""
    return {ast.unparse(node.func) for node in nodes(file, ast.Call)}
