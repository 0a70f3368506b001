"""Sealed directories: every bit is restored, and damage is reported in one line."""

import gc
import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynax.errors import RunError, UserError
from dynax.runs import arrays, sealed
from dynax.runs.arrays import read_tree

INFO = {
    "n": 1,
    "config": {"env": {"name": "toy"}, "model": {"architecture": "mlp"}},
    "classes": {"env": "MjcfEnv", "model": "MLPDynamicsModel"},
    "plugins": [],
}
TREE = {"a": jnp.arange(6.0).reshape(2, 3), "b": (jnp.int32(3), jnp.zeros((0,), jnp.float32)), "c": np.float32([1e-38])}


@pytest.fixture
def path(tmp_path):
    """A sealed directory."""
    sealed.write(tmp_path / "saved", {"model": TREE}, {"robot.xml": b"<mujoco/>", "assets/a.stl": b"solid"}, INFO)
    return tmp_path / "saved"


def files(path):
    return sorted(file for file in path.rglob("*") if file.is_file())


def bits(tree):
    return [(np.asarray(x).dtype, np.shape(x), np.asarray(x).tobytes()) for x in jax.tree.leaves(tree)]


def test_arrays_are_restored_bit_for_bit(path):
    tree = read_tree(path / "model", TREE)
    assert jax.tree.structure(tree) == jax.tree.structure(TREE)
    assert bits(tree) == bits(TREE)


def test_files_and_information_are_restored(path):
    sealed.verify(path)
    assert (path / "robot.xml").read_bytes() == b"<mujoco/>"
    assert sealed.read_files(path / "assets") == {"a.stl": b"solid"}
    assert sealed.read_files(path / "nothing") == {}
    info = sealed.read_info(path)
    assert (info["n"], info["format"], info["versions"]["jax"]) == (1, 3, jax.__version__)


@pytest.mark.parametrize("damage", ["flip", "truncate", "delete"])
def test_damage_of_any_file_is_reported(path, damage):
    for file in files(path):
        content = file.read_bytes()
        if damage == "delete":
            file.unlink()
        else:
            flipped = bytearray(content)
            flipped[len(content) // 2] ^= 0x40
            file.write_bytes(flipped if damage == "flip" else content[: len(content) // 2])
        with pytest.raises(UserError) as error:
            sealed.verify(path)
        message = str(error.value)
        assert message.startswith("the checkpoint is damaged: ")
        assert "\n" not in message
        assert str(file) in message or (damage == "flip" and file.name == "manifest.json")
        file.write_bytes(content)
    sealed.verify(path)


@pytest.mark.parametrize("version", [1, 2, None])
def test_another_format_is_rejected(path, version):
    info = json.loads((path / "run.json").read_text()) | {"format": version}
    (path / "run.json").write_text(json.dumps(info))
    with pytest.raises(
        UserError, match=f"has format {json.dumps(version)}, but this version of Dynax reads format 3: train"
    ):
        sealed.read_info(path)


def test_arrays_of_other_shapes_are_rejected(path):
    with pytest.raises(UserError, match=r"does not have the arrays that its config describes: \(2, 3\) instead of"):
        read_tree(path / "model", {"a": jnp.zeros((2, 4)), "b": TREE["b"], "c": TREE["c"]})
    with pytest.raises(UserError, match="does not have the arrays that its config describes"):
        read_tree(path / "model", {"a": TREE["a"]})


@pytest.mark.parametrize("name", ["lr=[0.1],b={1}", "a*b?c", "[!x]", "ü ~'$|#%", "a=(1),b", "a\\b", "a\\", "\\", "gs:"])
def test_the_name_of_a_directory_is_no_pattern(tmp_path, name):
    sealed.write(tmp_path / name / "saved", {"model": TREE}, {}, INFO)
    assert bits(read_tree(tmp_path / name / "saved" / "model", TREE)) == bits(TREE)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # threads of Orbax after its error
def test_arrays_that_cannot_be_read_back_are_not_sealed(path, monkeypatch):
    before = {file: file.read_bytes() for file in files(path)}
    monkeypatch.setattr(arrays, "plain_path", lambda path: path)  # Orbax reads the name of the directory as a pattern
    with pytest.raises(RunError, match=r"cannot be read back"):
        sealed.write(path.parent / "[x]", {"model": TREE}, {}, INFO)
    assert [p.name for p in path.parent.iterdir()] == ["saved"]
    monkeypatch.setattr(arrays, "read_tree", lambda path, tree: jax.tree.map(lambda x: x + 1, tree))
    with pytest.raises(RunError, match="differ from the arrays that were written"):
        sealed.write(path, {"model": TREE}, {}, INFO)
    assert {file: file.read_bytes() for file in files(path)} == before
    gc.collect()  # the threads of Orbax log their errors when they are collected, while which Python parses no file


def test_additional_files_are_damage(path):
    (path / "assets" / "b.stl").touch()
    with pytest.raises(UserError, match=r"assets/b.stl is not listed in manifest.json"):
        sealed.verify(path)


@pytest.mark.parametrize("content", ["{}", "[]", "null", '{"robot.xml": 1}', "[" * 100_000])
def test_a_manifest_of_other_content_is_damage(path, content):
    (path / "manifest.json").write_text(content)
    with pytest.raises(UserError, match=r"^the checkpoint is damaged: "):
        sealed.verify(path)


def test_links_are_damage(path):
    (path / "robot.xml").unlink()
    (path / "robot.xml").symlink_to("/etc/hostname")
    with pytest.raises(UserError, match=r"robot.xml is a link or a special file"):
        sealed.verify(path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("plugins", {}, r"the key plugins must be a list, not \{\}"),
        ("config", {"env": {"name": 1}}, "the key config.env.name must be a text, not 1"),
        ("classes", None, "the key classes must be an object, not null"),
    ],
)
def test_information_of_other_types_is_one_sentence(path, key, value, message):
    (path / "run.json").write_text(json.dumps(json.loads((path / "run.json").read_text()) | {key: value}))
    with pytest.raises(UserError, match=message):
        sealed.read_info(path)
