"""Check rules about imports and calls: printing, Hydra, flax, caches, and code that runs what it reads."""

import ast
import re

from sources import FILES, calls, importers, level_of, name_of, new, nodes, tree


def test_physics_uses_no_flax():
    assert new("flax", [m for m in importers("flax", "optax") if level_of(m) in ("math", "mjcf", "mechanics")]) == []


def test_only_the_command_line_uses_hydra():
    assert new("hydra", [m for m in importers("hydra") if level_of(m) != "cli"]) == []


def test_only_the_command_line_prints():
    silent = [file for file in FILES if level_of(name_of(file)) not in ("cli", "__main__")]
    prints = {"print", "sys.stdout.write", "sys.stderr.write"}
    assert [name_of(file) for file in silent if prints & calls(file)] == []


def test_only_the_console_uses_rich():
    assert new("rich", [module for module in importers("rich") if not module.startswith("dynax.cli.console")]) == []


def test_nothing_runs_what_it_reads():
    assert importers("pickle", "dill", "cloudpickle", "marshal", "shelve") == []
    forbidden = {"eval", "exec", "compile", "__import__", "np.load"}
    assert new("runs code", [name_of(file) for file in FILES if forbidden & calls(file)]) == []


PLAIN = re.compile(r"(int|float|str|bool|None|Path|tuple|\[|\]|\.\.\.|[,| ])*")


def keeps_arguments(function: ast.FunctionDef) -> bool:
    """Return whether a cache on `function` holds arguments that are not plain values."""
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return not all(a.annotation and PLAIN.fullmatch(ast.unparse(a.annotation)) for a in arguments)


def test_caches_hold_plain_values_only():
    """A cache keyed by a model or by data would keep the model or the data in memory."""
    cached = re.compile(r"(functools\.)?(lru_cache|cache)(\(.*\))?")
    violations = [
        f"{name_of(file)}: {node.name}"
        for file in FILES
        for node in nodes(file, ast.FunctionDef)
        if any(cached.fullmatch(ast.unparse(d)) for d in node.decorator_list) and keeps_arguments(node)
    ]
    assert new("caches", violations) == []


def test_no_compiled_function_of_a_module_has_static_objects():
    """A function that a module compiles lives as long as the process, and so do its static arguments."""
    violations = [
        f"{name_of(file)}: {node.name}"
        for file in FILES
        for node in tree(file).body
        if isinstance(node, ast.FunctionDef)
        if any("jax.jit" in (text := ast.unparse(d)) and "static" in text for d in node.decorator_list)
    ]
    assert new("static arguments", violations) == []
