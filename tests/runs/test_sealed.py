"""Sealed directories: every bit is restored, and damage is reported in one line."""

import json

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynax.errors import UserError
from dynax.runs import sealed
from dynax.runs.arrays import read_tree

TREE = {"a": jnp.arange(6.0).reshape(2, 3), "b": (jnp.int32(3), jnp.zeros((0,), jnp.float32)), "c": np.float32([1e-38])}


@pytest.fixture
def path(tmp_path):
    """A sealed directory."""
    sealed.write(tmp_path / "saved", {"model": TREE}, {"robot.xml": b"<mujoco/>", "assets/a.stl": b"solid"}, {"n": 1})
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
    assert (info["n"], info["format"], info["versions"]["jax"]) == (1, 2, jax.__version__)


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


@pytest.mark.parametrize("version", [1, 3, None])
def test_another_format_is_rejected(path, version):
    info = json.loads((path / "run.json").read_text()) | {"format": version}
    (path / "run.json").write_text(json.dumps(info))
    with pytest.raises(UserError, match=f"has format {version}, but this version of Dynax reads format 2: train the"):
        sealed.read_info(path)


def test_arrays_of_other_shapes_are_rejected(path):
    with pytest.raises(UserError, match=r"does not have the arrays that its config describes: \(2, 3\) instead of"):
        read_tree(path / "model", {"a": jnp.zeros((2, 4)), "b": TREE["b"], "c": TREE["c"]})
    with pytest.raises(UserError, match="does not have the arrays that its config describes"):
        read_tree(path / "model", {"a": TREE["a"]})
