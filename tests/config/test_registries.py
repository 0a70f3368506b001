"""The registries: names, errors, entry points, and plugins."""

import logging

import pytest

from dynax.config import registries
from dynax.config.registries import ALL, ARCHITECTURES, ENVS, EXCITATIONS, OPTIMIZERS, load_plugins
from dynax.config.registry import Registry
from dynax.errors import UserError
from dynax.excitations import Excitation

CHIRP = """
from dataclasses import dataclass
import numpy as np
from dynax.excitations import Excitation

@dataclass(frozen=True)
class Chirp(Excitation):
    rate: float = 1.0  # Hz/s

    def signal(self, rng, n, steps, dt, nu):
        time = dt * np.arange(steps)
        return np.tile(np.sin(np.pi * self.rate * time**2)[:, None], (n, 1, nu))
"""


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Return a function that writes a plugin. The registries are restored at the end of the test."""
    for table in registries.ALL:
        monkeypatch.setitem(table.__dict__, "registered", dict(table.registered))
    monkeypatch.setattr(registries, "_plugins", {})

    def to(name, text=CHIRP):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return to


@pytest.mark.parametrize("table", ALL, ids=lambda t: t.section)
def test_every_built_in_name_has_an_implementation(table):
    for name in table.builtin:
        implementation = table.get(name, table.key)
        assert table.is_implementation(implementation, implementation.__module__)
        if table is not OPTIMIZERS:
            assert table.name_of(implementation) == name


def test_an_unknown_name_is_an_error_with_a_suggestion():
    with pytest.raises(UserError) as error:
        ARCHITECTURES.get("mpl", "model.architecture")
    assert str(error.value) == (
        "model.architecture=mpl is not one of gru, lagrangian, mechanical, mlp, quadratic, residual, "
        "resnet, rigid, transformer "
        "(did you mean `mlp`?); if a file mpl.py defines it, add plugins=[path/to/mpl.py]"
    )


def test_a_plugin_is_registered_under_the_stem_of_its_file(write):
    [plugin] = load_plugins([write("chirp.py")])
    assert registries.plugins() == (plugin,)
    assert (plugin.name, plugin.path) == ("chirp", str(write("chirp.py")))
    assert len(plugin.sha256) == 64
    cls = EXCITATIONS.get("chirp", "excitation.name")
    assert issubclass(cls, Excitation)
    assert cls().name == EXCITATIONS.name_of(cls) == "chirp"
    assert "chirp" in EXCITATIONS.names()


def test_an_unchanged_plugin_is_imported_once_and_a_changed_one_again(write):
    load_plugins([write("chirp.py")])
    first = EXCITATIONS.get("chirp", "name")
    load_plugins([write("chirp.py")])
    assert EXCITATIONS.get("chirp", "name") is first
    load_plugins([write("chirp.py", CHIRP.replace("1.0", "2.0"))])
    assert EXCITATIONS.get("chirp", "name")().rate == 2.0


def test_a_file_may_define_one_implementation_of_several_groups(write):
    load_plugins([write("mine.py", CHIRP + "\n\ndef optimizer(schedule, config):\n    return None\n")])
    assert "mine" in EXCITATIONS.names()
    assert OPTIMIZERS.get("mine", "training.optimizer")(None, None) is None


def test_of_a_class_and_its_base_in_one_file_the_subclass_is_registered(write):
    load_plugins([write("mine.py", CHIRP + "\n\nclass Fast(Chirp):\n    rate = 3.0\n")])
    assert EXCITATIONS.get("mine", "name").__name__ == "Fast"


WRONG = {
    "text.txt": (CHIRP, "must be a Python file whose name is an identifier"),
    "my-chirp.py": (CHIRP, "must be a Python file whose name is an identifier"),
    "empty.py": (
        "",
        "defines no implementation: it must contain a subclass of BaseDynamicsModel, Env, Exc",
    ),
    "raises.py": ("x = 1\nx / 0\n", r"cannot be imported: ZeroDivisionError: division by zero \(line 2\)$"),
    "exits.py": ("raise SystemExit(3)\n", r"cannot be imported: SystemExit: 3 \(line 1\)$"),
    "syntax.py": ("x = = 1\n", r"cannot be imported: SyntaxError: .*line 1"),
    "imports.py": ("import nowhere_to_be_found\n", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
    "uniform.py": (CHIRP, "`uniform` is the name of a built-in excitation; choose another name"),
    "two.py": (CHIRP + CHIRP.replace("Chirp", "Other"), "defines Chirp, Other; put each of them into its own file"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_plugin_is_an_error(write, name):
    text, message = WRONG[name]
    with pytest.raises(UserError, match=message):
        load_plugins([write(name, text)])


def test_a_missing_plugin_file_is_an_error():
    with pytest.raises(UserError, match=r"^plugins=nowhere.py cannot be read: No such file or directory$"):
        load_plugins(["nowhere.py"])


def test_two_plugins_with_the_same_stem_are_an_error(write, tmp_path):
    (tmp_path / "other").mkdir()
    with pytest.raises(UserError, match="contains two files with the stem chirp; rename one of them"):
        load_plugins([write("chirp.py"), write("other/chirp.py")])


def test_a_run_needs_the_plugins_that_it_records(write, caplog):
    path = write("chirp.py")
    record = {"name": "chirp", "path": str(path), "sha256": "0"}
    with pytest.raises(UserError) as error:
        registries.check_plugins([record], "run=out")
    assert str(error.value) == (
        f"run=out needs the plugin `chirp` ({path}), and Dynax imports only plugins that you name: "
        f"add plugins=[{path}], or in Python load(run, plugins=['{path}'])"
    )
    load_plugins([path])
    with caplog.at_level(logging.WARNING):
        registries.check_plugins([record], "run=out")
    assert f"run=out was made with another version of the plugin {path}" in caplog.text


def test_a_plugin_whose_file_is_gone_is_described_by_its_name(write):
    with pytest.raises(UserError, match=r"add plugins=\[path/to/gone.py\]"):
        registries.check_plugins([{"name": "gone", "path": "/tmp/gone.py", "sha256": "0"}], "run=out")


def test_a_class_of_python_may_be_registered(write):
    class Wave(Excitation):
        def signal(self, rng, n, steps, dt, nu):
            raise NotImplementedError

    registries.register_classes([Wave])
    assert EXCITATIONS.get("test_registries", "excitation.name") is Wave
    of_notebook = type("WaveExcitation", (Wave,), {"__module__": "__main__"})
    registries.register_classes([of_notebook])
    assert EXCITATIONS.get("wave", "excitation.name") is of_notebook
    with pytest.raises(UserError, match=r"int is not a subclass of BaseDynamicsModel, Env, .* Task or Planner"):
        registries.register_classes([int])


@pytest.mark.parametrize(
    ("name", "expected"),
    [("MyArmEnv", "my_arm"), ("Env", "env"), ("MLPEnv", "mlp"), ("Arm6Env", "arm6"), ("HTTPArm", "http_arm")],
)
def test_a_class_of_a_notebook_is_named_after_itself(name, expected):
    assert ENVS.name_of(type(name, (), {"__module__": "__main__"})) == expected


def test_an_entry_point_is_imported_when_it_is_requested(tmp_path, monkeypatch):
    (tmp_path / "their_package.py").write_text(CHIRP)
    (tmp_path / "their-1.0.dist-info").mkdir()
    (tmp_path / "their-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: their\nVersion: 1.0\n")
    points = "chirp = their_package:Chirp", "lost = nowhere_to_be_found:X", "ou = their_package:Chirp"
    text = "\n".join(["[dynax.excitations]", *points])
    (tmp_path / "their-1.0.dist-info" / "entry_points.txt").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    table = Registry("excitation", "name", EXCITATIONS.builtin, entry_points="dynax.excitations")
    assert {"chirp", "lost"} < set(table.names())
    cls = table.get("chirp", "excitation.name")
    assert table.name_of(cls) == "chirp"
    assert table.get("ou", "excitation.name").__module__ == "dynax.excitations.ou"
    with pytest.raises(UserError, match="`lost` of the package their cannot be imported: ModuleNotFoundError"):
        table.get("lost", "excitation.name")
