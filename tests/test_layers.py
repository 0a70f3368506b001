"""The shape of the code: imports point down, importing does nothing, one module prints, and nothing runs what it reads."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import dynax

PACKAGE = Path(dynax.__file__).parent
LEVELS = {
    0: "errors config state_space files provenance signals",
    1: "envs excitations optimizers architectures base features activations",
    2: "simulate source dataset collection training losses metrics testset checkpoint resume history runs render plots report utils",
    3: "commands",
    4: "cli __main__",
}
LEVEL = {name: level for level, names in LEVELS.items() for name in names.split()}
FILES = sorted(PACKAGE.rglob("*.py"))
EACH_FILE = pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(PACKAGE)))


def module_of(file):
    return ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def part_of(module):
    """The name of the file or folder of `dynax` that a module belongs to."""
    return module.split(".")[1]


def imports(file):
    """The modules of Dynax that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "dynax")
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import"
            if node.module == "dynax":
                yield from (f"dynax.{alias.name}" for alias in node.names)
            elif node.module and node.module.startswith("dynax."):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls(file):
    """The names of all that a file calls: `print`, `json.loads`, `x.y.z`."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func)


def test_every_part_has_a_level():
    parts = {part_of(module_of(file)) for file in FILES if module_of(file) != "dynax"}
    assert parts == set(LEVEL)


@EACH_FILE
def test_imports_point_down(file):
    module = module_of(file)
    if module == "dynax":
        return  # the front door
    for imported in imports(file):
        assert LEVEL[part_of(imported)] <= LEVEL[part_of(module)], f"{module} imports {imported}"


@pytest.mark.parametrize("file", sorted((PACKAGE / "commands").glob("*.py")), ids=lambda file: file.stem)
def test_commands_do_not_import_each_other(file):
    assert not [name for name in imports(file) if part_of(name) == "commands"]


def test_the_command_line_imports_commands_by_name_alone():
    """So that help and completion load none of them."""
    assert not [name for file in (PACKAGE / "cli").glob("*.py") for name in imports(file) if part_of(name) == "commands"]


@EACH_FILE
def test_only_the_report_and_the_command_line_print(file):
    if part_of(f"{module_of(file)}.") in ("cli", "report"):
        return
    printing = {"print", "Console", "sys.stdout.write", "sys.stderr.write", "pprint"}
    assert not printing & {name if name in printing else name.rpartition(".")[2] for name in calls(file)} & printing
    assert "rich" not in {name.split(".")[0] for name in all_imports(file)}


def all_imports(file):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@EACH_FILE
def test_nothing_runs_what_it_reads(file):
    assert not {"pickle", "dill", "cloudpickle", "marshal", "shelve"} & {name.split(".")[0] for name in all_imports(file)}
    assert not {"eval", "exec", "compile", "__import__"} & set(calls(file))
    assert not [name for name in calls(file) if name.endswith("np.load")]


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
