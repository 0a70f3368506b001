"""Run directories: `summary.json` marks a finished run, and is complete or absent."""

import json

import pytest

from dynax.errors import UserError
from dynax.runs import files, summary
from dynax.runs.identity import ensure_run_id


def test_a_summary_contains_its_command_and_versions(tmp_path):
    summary.write_summary(tmp_path, "eval", {"dt_s": 0.02})
    [file] = tmp_path.iterdir()
    assert file.name == "summary.json"
    content = json.loads(file.read_text())
    assert set(content) == {"command", "run", "dt_s", "versions", "commit", "machine", "summary_sha256"}
    assert (content["command"], content["run"], content["dt_s"]) == ("eval", str(tmp_path), 0.02)


def test_a_summary_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    summary.write_summary(tmp_path, "eval", {"n": 1})
    with pytest.raises(TypeError):
        summary.write_summary(tmp_path, "eval", {"n": object()})

    def fail(*args):
        raise OSError("killed just before")

    monkeypatch.setattr(files.Path, "replace", fail)
    with pytest.raises(OSError, match="killed"):
        summary.write_summary(tmp_path, "eval", {"n": 2})
    assert json.loads((tmp_path / "summary.json").read_text())["n"] == 1


def test_a_summary_is_read_as_it_was_written(tmp_path):
    assert summary.read_summary(tmp_path) is None
    summary.write_summary(tmp_path, "eval", {"horizons": {1: 0.5, 10: float("nan"), 2: (1, 2)}})
    read = summary.read_summary(tmp_path)
    assert list(read["horizons"]) == ["1", "10", "2"]


@pytest.mark.parametrize(("old", "new"), [('"n": 1', '"n": 2'), ('"eval"', "null"), ("{", "[{"), ('"n": 1,', "")])
def test_damage_is_reported(tmp_path, old, new):
    summary.write_summary(tmp_path, "eval", {"n": 1})
    file = tmp_path / "summary.json"
    file.write_text(file.read_text().replace(old, new, 1))
    with pytest.raises(UserError, match=f"^the run is damaged: {file}"):
        summary.read_summary(tmp_path)


def test_the_summary_of_another_run_is_an_error(tmp_path):
    for name in ("one", "two"):
        ensure_run_id(tmp_path / name)
        summary.write_summary(tmp_path / name, "train", {})
    assert summary.read_summary(tmp_path / "one")["run_id"] != summary.read_summary(tmp_path / "two")["run_id"]
    (tmp_path / "two" / "summary.json").replace(tmp_path / "one" / "summary.json")
    with pytest.raises(UserError, match=r"one/summary.json is the summary of another run"):
        summary.read_summary(tmp_path / "one")
