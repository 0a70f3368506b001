"""Check that no package uses private names of another package."""

import ast
import re
from pathlib import Path

from sources import FILES, imports, name_of, nodes

# Private names of third-party packages without a public equivalent, and documented functions of os and sys.
FOREIGN_PRIVATE_NAMES = {
    "dynax.cli.hydra_private: _get_root",
    "dynax.cli.hydra_private: hydra._internal",
    "dynax.cli.jobs.cores: _identity",
    "dynax.cli.jobs.orphans: _exit",
    "dynax.cli.jobs.xla_flags: _exit",
    "dynax.cli.watcher: _current_frames",
    "dynax.cli.watcher: _exit",
    "dynax.mjcf.isolation: _exit",
}


def defined(folder: Path) -> set[str]:
    """Return the private names that the files directly in `folder` define."""
    names = set()
    for file in folder.glob("*.py"):
        names |= {node.name for node in nodes(file, ast.FunctionDef, ast.ClassDef)}
        names |= {node.id for node in nodes(file, ast.Name) if isinstance(node.ctx, ast.Store)}
        names |= {node.attr for node in nodes(file, ast.Attribute) if isinstance(node.ctx, ast.Store)}
    return {name for name in names if is_private(name)}


def is_private(name: str) -> bool:
    return bool(re.fullmatch(r"_[a-z0-9A-Z]\w*", name))


def private_names(file: Path) -> list[str]:
    """Return the private names that a file uses and its folder does not define."""
    used = [node.attr for node in nodes(file, ast.Attribute) if is_private(node.attr)]
    imported = []
    for name in imports(file):
        parts = name.split(".")
        first = next((i for i, part in enumerate(parts) if is_private(part)), None)
        if first is not None and ".".join(parts[:first]).rpartition(".")[0] != name_of(file).rpartition(".")[0]:
            imported.append(".".join(parts[: first + 1]))
    return [f"{name_of(file)}: {name}" for name in imported + sorted(set(used) - defined(file.parent))]


def test_no_private_names_of_other_packages_are_used():
    violations = {violation for file in FILES for violation in private_names(file)}
    assert violations <= FOREIGN_PRIVATE_NAMES
