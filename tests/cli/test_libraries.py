"""Environment variables that JAX, MuJoCo or matplotlib reject."""

import os

import jax
import pytest

from dynax.cli.jobs import libraries
from dynax.errors import UserError

CASES = {
    "MUJOCO_GL=nonsense": "the environment variable MUJOCO_GL=nonsense cannot be used: invalid value",
    "MPLBACKEND=nonsense": "the environment variable MPLBACKEND=nonsense cannot be used: Key backend: 'nonsense'",
    "JAX_PLATFORMS=nonsense": "the environment variable JAX_PLATFORMS=nonsense cannot be used: Unable to initialize",
    "JAX_ENABLE_X64=maybe": "the environment variable JAX_ENABLE_X64=maybe cannot be used: invalid truth value",
    "XLA_FLAGS=--foo": "the environment variable XLA_FLAGS=--foo cannot be used: Unknown flag in XLA_FLAGS: --foo",
}


@pytest.mark.slow
@pytest.mark.parametrize("variable", CASES)
def test_a_rejected_variable_is_named_and_leaves_nothing(dynax, tmp_path, monkeypatch, variable):
    monkeypatch.setenv(*variable.split("="))
    finished = dynax("train", "training=smoke", "env=pendulum", real=True)
    assert (finished.code, finished.out) == (2, "")
    error = finished.err.splitlines()[-1]
    assert error.startswith(f"dynax: {CASES[variable]}")
    assert error.endswith("; correct it, or unset it")
    assert not list((tmp_path / "outputs").rglob("run.json"))
    assert not list((tmp_path / "outputs").rglob("dynax.log"))


@pytest.mark.slow
def test_doctor_names_the_variable_and_no_other_remedy(dynax, monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "nonsense")
    finished = dynax("doctor", real=True)
    assert finished.code == 1
    assert finished.err.endswith("; correct it, or unset it\n")


def test_an_error_that_mentions_no_variable_is_not_explained(monkeypatch):
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    with pytest.raises(ModuleNotFoundError):
        libraries.import_module("dynax.nothing")


def test_devices_that_do_not_start(monkeypatch):
    def fail():
        raise AssertionError

    monkeypatch.setattr(jax, "devices", fail)
    monkeypatch.setitem(os.environ, "JAX_PLATFORMS", "cuda")
    with pytest.raises(UserError, match="variable JAX_PLATFORMS=cuda cannot be used: it is not available"):
        libraries.start_devices()
