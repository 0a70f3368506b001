"""Check that each module imports only its own level and lower levels, as listed in `pyproject.toml`."""

from sources import FILES, LEVELS, PACKAGE, REPOSITORY, dynax_imports, imports, level_of, name_of

LEVEL = {name.removesuffix("/").removesuffix(".py"): number for number, name in enumerate(LEVELS)}
MAX_MODULES_AT_TOP = 8


def test_every_file_and_folder_has_a_level():
    entries = {f"{p.name}/" if p.is_dir() else p.name for p in PACKAGE.iterdir() if p.is_dir() or p.suffix == ".py"}
    assert entries - {"__init__.py", "__pycache__/", "conf/"} == set(LEVELS)


def test_every_level_has_a_description():
    assert not [name for name, description in LEVELS.items() if not description or description.endswith(".")]


def test_imports_point_down():
    pairs = [(name_of(file), name) for file in FILES if level_of(name_of(file)) for name in dynax_imports(file)]
    assert len(pairs) > 100
    upwards = [f"{module} -> {name}" for module, name in pairs if LEVEL[level_of(name)] > LEVEL[level_of(module)]]
    assert upwards == []


def test_imports_are_absolute():
    assert [f"{name_of(file)}: {name}" for file in FILES for name in imports(file) if name.startswith(".")] == []


def test_no_module_imports_a_command():
    """The command line imports a command by name when the command runs, so that help and completion stay fast."""
    prefix = "dynax.cli.commands."
    assert [f"{name_of(f)}: {name}" for f in FILES for name in dynax_imports(f) if name.startswith(prefix)] == []


def test_few_modules_lie_at_the_top():
    assert len(list(PACKAGE.glob("*.py"))) <= MAX_MODULES_AT_TOP


def test_the_readme_lists_the_levels():
    readme = (REPOSITORY / "README.md").read_text()
    positions = [readme.find(description) for description in LEVELS.values()]
    missing = [name for name, position in zip(LEVELS, positions, strict=True) if position < 0]
    assert missing == []
    assert missing or positions == sorted(positions)
