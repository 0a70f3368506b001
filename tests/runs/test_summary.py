"""Run directories: `summary.json` is the last word on a run, whole or not there."""

import json

import pytest

from dynax.runs import files, summary


def test_a_summary_says_which_run_of_what_made_by_what(tmp_path):
    summary.write_summary(tmp_path, "eval", {"dt_s": 0.02})
    [file] = tmp_path.iterdir()
    assert file.name == "summary.json"
    content = json.loads(file.read_text())
    assert set(content) == {"command", "run", "dt_s", "versions", "commit", "machine"}
    assert (content["command"], content["run"], content["dt_s"]) == ("eval", str(tmp_path), 0.02)


def test_what_cannot_be_written_leaves_what_was_there(tmp_path, monkeypatch):
    summary.write_summary(tmp_path, "eval", {"n": 1})
    with pytest.raises(TypeError):
        summary.write_summary(tmp_path, "eval", {"n": object()})

    def fail(*args):
        raise OSError("killed just before")

    monkeypatch.setattr(files.Path, "replace", fail)
    with pytest.raises(OSError, match="killed"):
        summary.write_summary(tmp_path, "eval", {"n": 2})
    assert json.loads((tmp_path / "summary.json").read_text())["n"] == 1
