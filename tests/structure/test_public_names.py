"""Check the package `dynax` itself: imports without side effects, and public names."""

import subprocess
import sys

import pytest

import dynax


def test_importing_has_no_side_effects(tmp_path):
    code = """if True:
        import os, sys
        before = dict(os.environ)
        import dynax
        dir(dynax)
        heavy = {"jax", "jaxtyping", "mujoco", "numpy", "flax", "hydra", "rich", "matplotlib"} & set(sys.modules)
        print(sorted(heavy), dict(os.environ) == before)"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert (done.stdout, done.stderr) == ("[] True\n", "")
    assert list(tmp_path.iterdir()) == []


def test_every_public_name_can_be_imported():
    for name in dynax.__all__:
        assert getattr(dynax, name).__name__ == name


def test_an_unknown_name_raises():
    with pytest.raises(AttributeError, match="No dynax attribute lod"):
        dynax.lod  # noqa: B018
