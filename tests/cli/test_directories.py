"""The run directory, and the removal of directories that are not needed."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from dynax.cli import directories


def test_the_run_directory_belongs_to_the_current_job(monkeypatch):
    job = SimpleNamespace(runtime=SimpleNamespace(output_dir="/runs/1"))
    monkeypatch.setattr(directories, "HydraConfig", SimpleNamespace(get=lambda: job))
    assert directories.run_directory() == Path("/runs/1")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "outputs" / "train" / "run").mkdir(parents=True)
    (tmp_path / "outputs" / "train" / "run" / "dynax.log").touch()
    return tmp_path / "outputs" / "train" / "run"


def test_a_folder_is_removed_with_its_empty_parents(folder, tmp_path):
    directories.remove_if_only(folder, "dynax.log", ".hydra")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_other_files_is_kept(folder):
    (folder / "metrics.jsonl").touch()
    directories.remove_if_only(folder, "dynax.log")
    assert (folder / "dynax.log").exists()


def test_a_parent_with_other_files_is_kept(folder, tmp_path):
    (tmp_path / "outputs" / "datasets").mkdir()
    directories.remove_if_only(folder, "dynax.log")
    assert [path.name for path in (tmp_path / "outputs").iterdir()] == ["datasets"]
