"""Files and directories that appear complete or not at all."""

import json

import pytest

from dynax.runs import files


def test_a_file_is_replaced(tmp_path):
    path = tmp_path / "a.json"
    for value in (1, 2):
        files.write_json(path, {"n": value})
        assert json.loads(path.read_text()) == {"n": value}
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    files.write_json(path, {"n": 1})
    with pytest.raises(TypeError):
        files.write_json(path, {"n": object()})

    def fail(*args):
        raise OSError("no space")

    monkeypatch.setattr(files.Path, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        files.write_json(path, {"n": 2})
    assert json.loads(path.read_text()) == {"n": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_a_draft_has_the_suffix_of_its_file(tmp_path):
    """Encoders select the format by the suffix."""
    with files.replacing(tmp_path / "clip.gif") as draft:
        assert draft.suffix == ".gif"
        draft.touch()
    assert (tmp_path / "clip.gif").exists()


def test_a_directory_is_replaced(tmp_path):
    path = tmp_path / "run"
    for name in ("old", "new"):
        with files.replacing_directory(path) as draft:
            (draft / name).touch()
    assert [file.name for file in path.iterdir()] == ["new"]


def test_a_directory_that_fails_leaves_the_old_one(tmp_path):
    path = tmp_path / "run"
    with files.replacing_directory(path) as draft:
        (draft / "old").touch()
    with pytest.raises(KeyError), files.replacing_directory(path):
        raise KeyError
    assert [file.name for file in path.iterdir()] == ["old"]
    assert list(tmp_path.iterdir()) == [path]


def test_the_draft_of_a_killed_process_is_deleted(tmp_path):
    killed = tmp_path / ".run.partial"
    (killed / "model").mkdir(parents=True)
    (killed / "model" / "half").touch()
    with files.replacing_directory(tmp_path / "run") as draft:
        assert list(draft.iterdir()) == []
    assert not killed.exists()
