"""Versions, commit and machine, from a checkout and from an installed package."""

import json
import subprocess
from importlib.metadata import version
from pathlib import Path

import pytest

from dynax.runs import provenance


@pytest.fixture(autouse=True)
def clear_cache():
    """The commit is cached for the whole process."""
    provenance.commit.cache_clear()
    yield
    provenance.commit.cache_clear()


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """An empty repository as the location of the package; returns a function that runs git."""

    def git(*words):
        identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        ran = subprocess.run(["git", "-C", tmp_path, *identity, *words], check=True, capture_output=True, text=True)
        return ran.stdout.strip()

    (tmp_path / "dynax").mkdir()
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "dynax" / "runs" / "provenance.py"))
    git("init", "-q")
    return git


def test_all_packages_that_determine_results_are_included():
    content = provenance.provenance()
    assert set(content) == {"versions", "commit", "machine"}
    assert content["versions"]["mujoco"] == version("mujoco")
    assert {"dynax", "jax", "flax", "optax", "orbax-checkpoint"} < set(content["versions"])
    assert "Python 3." in content["machine"]
    json.dumps(content)


def test_a_commit_is_marked_if_files_differ_from_it(checkout, tmp_path):
    (tmp_path / "file").write_text("1")
    checkout("add", ".")
    checkout("commit", "-q", "-m", "x")
    head = checkout("rev-parse", "HEAD")
    assert provenance.commit() == head
    (tmp_path / "file").write_text("2")
    assert provenance.commit() == head, "a change while a process runs does not change its code"
    provenance.commit.cache_clear()
    assert provenance.commit() == f"{head}+"


def test_a_repository_without_commits_has_none(checkout):
    assert provenance.commit() is None


def test_an_installed_package_has_no_commit(tmp_path, monkeypatch):
    monkeypatch.setattr(provenance, "__file__", str(tmp_path / "site-packages" / "dynax" / "runs" / "provenance.py"))
    assert provenance.commit() is None


def test_without_git_there_is_no_commit(checkout, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert provenance.commit() is None


def test_a_package_that_is_not_installed_has_no_version(monkeypatch):
    monkeypatch.setattr(provenance, "PACKAGES", ("numpy", "no-such-package"))
    assert provenance.provenance()["versions"] == {"numpy": version("numpy"), "no-such-package": None}


def test_the_commit_of_this_checkout():
    if not (Path(__file__).parents[2] / ".git").exists():
        pytest.skip("not a checkout")
    assert len(provenance.commit().rstrip("+")) == 40
