"""The shape of the code: imports point down, importing does nothing, and nothing runs what it reads."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import dynax

PACKAGE = Path(dynax.__file__).parent
LEVELS = [
    "errors", "config", "math", "mjcf", "envs", "excitations", "mechanics", "representation", "networks", "base",
    "architectures", "runs", "data", "trained", "evaluation", "identification", "training", "render", "utils", "cli",
    "__main__",
]  # fmt: skip
LEVEL = {name: level for level, name in enumerate(LEVELS)}
FILES = sorted(PACKAGE.rglob("*.py"))


def module_of(file):
    return ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def part_of(module):
    """The file or folder right below `dynax` that a module belongs to; nothing for `dynax` itself, the front door."""
    return module.split(".")[1] if "." in module else None


def nodes(file, kind):
    return [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, kind)]


def imports(file):
    """What a file imports, wherever in it: `json`, `dynax.base`, `dynax.base.normalize`."""
    for node in nodes(file, ast.Import):
        yield from (alias.name for alias in node.names)
    for node in nodes(file, ast.ImportFrom):
        yield from (f"{'.' * node.level}{node.module}.{alias.name}" for alias in node.names)


def packages(file):
    return {name.split(".")[0] for name in imports(file)}


def own_imports(file):
    return [name for name in imports(file) if name.startswith("dynax.")]


def calls(file):
    """The names of all that a file calls, such as `print` and `json.loads`."""
    return {ast.unparse(node.func) for node in nodes(file, ast.Call)}


def test_every_part_has_a_level():
    assert {part_of(module_of(file)) for file in FILES} - {None} == set(LEVEL)


def test_imports_point_down():
    inner = [(module_of(file), name) for file in FILES if part_of(module_of(file)) for name in own_imports(file)]
    assert len(inner) > 100
    assert not [(module, name) for module, name in inner if LEVEL[part_of(name)] > LEVEL[part_of(module)]]


def test_imports_are_absolute():
    assert not [(module_of(file), name) for file in FILES for name in imports(file) if name.startswith(".")]


def test_commands_are_imported_by_nothing():
    """Not by each other, and by the command line only by name, so that help and completion load none of them."""
    assert not [
        (module_of(file), name) for file in FILES for name in own_imports(file) if name.startswith("dynax.cli.commands")
    ]


def test_only_the_report_and_the_command_line_print():
    silent = [file for file in FILES if part_of(module_of(file)) != "cli"]
    assert not [file for file in silent if {"print", "sys.stdout.write", "sys.stderr.write"} & calls(file)]
    assert not [file for file in silent if "rich" in packages(file)]


def test_nothing_runs_what_it_reads():
    assert not [file for file in FILES if {"pickle", "dill", "cloudpickle", "marshal", "shelve"} & packages(file)]
    assert not [file for file in FILES if {"eval", "exec", "compile", "__import__", "np.load"} & calls(file)]


def test_importing_has_no_side_effects(tmp_path):
    code = """if True:
        import os, sys
        before = dict(os.environ)
        import dynax
        dir(dynax)
        heavy = {"jax", "mujoco", "numpy", "flax", "hydra", "rich", "matplotlib"} & set(sys.modules)
        print(sorted(heavy), dict(os.environ) == before)"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("[] True\n", "")
    assert list(tmp_path.iterdir()) == []


def test_every_public_name_is_there():
    for name in dynax.__all__:
        assert getattr(dynax, name).__name__ == name


def test_a_name_that_is_not_there_is_told():
    with pytest.raises(AttributeError, match="module 'dynax' has no attribute 'lod'"):
        dynax.lod  # noqa: B018
