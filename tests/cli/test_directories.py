"""The run directory, and what this process has added to directories."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from dynax.cli import directories


@pytest.fixture(autouse=True)
def nothing_created(monkeypatch):
    monkeypatch.setattr(directories, "_created", [])


def test_the_run_directory_belongs_to_the_current_job(monkeypatch):
    job = SimpleNamespace(runtime=SimpleNamespace(output_dir="/runs/1"))
    monkeypatch.setattr(directories, "HydraConfig", SimpleNamespace(get=lambda: job))
    assert directories.run_directory() == Path("/runs/1")


def test_only_created_directories_are_removed(tmp_path):
    (tmp_path / "mine").mkdir()
    directories.create(tmp_path / "mine" / "a" / "b")
    assert directories.is_created(tmp_path / "mine" / "a")
    directories.remove_empty()
    assert [path.name for path in tmp_path.rglob("*")] == ["mine"]


def test_a_created_directory_with_files_remains(tmp_path):
    directories.create(tmp_path / "a" / "b")
    (tmp_path / "a" / "file").touch()
    directories.remove_empty()
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "file"]


def test_a_directory_that_cannot_be_created_is_not_recorded(tmp_path):
    (tmp_path / "file").touch()
    directories.create(tmp_path / "file" / "run")
    directories.remove_empty()
    assert (tmp_path / "file").exists()


def test_only_additions_are_discarded(tmp_path):
    (tmp_path / "dynax.log").write_text("an earlier line")
    added = directories.Additions(tmp_path)
    (tmp_path / ".hydra").mkdir()
    added.discard(".hydra", "dynax.log")
    assert [path.name for path in tmp_path.iterdir()] == ["dynax.log"]


def test_results_are_not_discarded(tmp_path):
    added = directories.Additions(tmp_path)
    (tmp_path / ".hydra").mkdir()
    (tmp_path / "metrics.jsonl").touch()
    added.discard(".hydra", "dynax.log")
    assert {path.name for path in tmp_path.iterdir()} == {".hydra", "metrics.jsonl"}
