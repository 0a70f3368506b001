"""Versions, commit and machine, whatever Dynax runs from."""

import json
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from dynax.runs import provenance


@pytest.fixture(autouse=True)
def afresh():
    """The commit is asked for once a process; these tests ask several times."""
    provenance.commit.cache_clear()
    yield
    provenance.commit.cache_clear()


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """An empty repository, of which this is said to be the package; returns its git."""

    def git(*words):
        identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        ran = subprocess.run(["git", "-C", tmp_path, *identity, *words], check=True, capture_output=True, text=True)
        return ran.stdout.strip()

    (tmp_path / "dynax").mkdir()
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "dynax" / "runs" / "provenance.py"))
    git("init", "-q")
    return git


def test_it_names_what_results_depend_on():
    told = provenance.provenance()
    assert set(told) == {"versions", "commit", "machine"}
    assert told["versions"]["mujoco"] == version("mujoco")
    assert {"dynax", "jax", "flax", "optax", "orbax-checkpoint"} < set(told["versions"])
    assert "Python 3." in told["machine"]
    json.dumps(told)


def test_a_commit_and_whether_files_differ_from_it(checkout, tmp_path):
    (tmp_path / "file").write_text("1")
    checkout("add", ".")
    checkout("commit", "-q", "-m", "x")
    head = checkout("rev-parse", "HEAD")
    assert provenance.commit() == head
    (tmp_path / "file").write_text("2")
    assert provenance.commit() == head, "what is changed while a process runs is not what it runs"
    provenance.commit.cache_clear()
    assert provenance.commit() == f"{head}+"


def test_a_repository_without_a_commit(checkout):
    assert provenance.commit() is None


def test_an_installed_package_has_no_commit(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "site-packages" / "dynax" / "runs" / "provenance.py"))
    assert provenance.commit() is None


def test_no_git(checkout, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert provenance.commit() is None


def test_a_checkout_on_the_path_is_not_installed(monkeypatch):
    monkeypatch.setattr(provenance, "PACKAGES", ("numpy", "no-such-package"))
    assert provenance.provenance()["versions"] == {"numpy": version("numpy"), "no-such-package": None}


def test_this_checkout():
    if not (Path(__file__).parents[2] / ".git").exists():
        pytest.skip("not a checkout")
    assert len(provenance.commit().rstrip("+")) == 40
