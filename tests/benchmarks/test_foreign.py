"""The benchmark of models of other packages: which files it finds, and how it counts them."""

import json

import pytest

from benchmarks.foreign import every
from benchmarks.foreign.models import find_models

PART = "<mujocoinclude/>"
SCENE = "<mujoco><worldbody><geom size='1'/></worldbody></mujoco>"
SLIDE = "<mujoco><worldbody><body><joint type='slide'/><geom size='1'/></body></worldbody></mujoco>"


@pytest.fixture
def files(tmp_path):
    """Write one XML file of each kind."""
    for name, text in (("part", PART), ("scene", SCENE), ("slide", SLIDE)):
        (tmp_path / f"{name}.xml").write_text(text)
    return find_models({"package": tmp_path}, every=True)


def test_every_file_has_an_outcome_and_is_run_once(files, tmp_path, monkeypatch):
    measured = []
    monkeypatch.setattr(
        every, "run", lambda words, folder, **environment: measured.append(words) or (0, "/run\n", [], 0.0)
    )
    monkeypatch.setattr(every, "FILE", tmp_path / "results.json")
    for _ in range(2):
        every.run_all(files)
    found = json.loads((tmp_path / "results.json").read_text())
    expected = {"package/part.xml": every.PART, "package/scene.xml": every.NO_JOINTS, "package/slide.xml": every.RUNS}
    assert found["results"] == expected
    assert found["files"] == 3
    [train, evaluate] = measured
    assert train[:2] == ["train", "env=mjcf"]
    assert train[2].endswith("slide.xml")
    assert evaluate[:2] == ["eval", "run=/run"]


def test_an_error_is_listed(files, tmp_path, monkeypatch):
    lines = [(0.5, "importing libraries"), (1.0, "dynax: tendons are not supported")]
    monkeypatch.setattr(every, "run", lambda words, folder, **environment: (2, "", lines, 0.0))
    monkeypatch.setattr(every, "FILE", tmp_path / "results.json")
    every.run_all(files)
    table = every.table()
    assert "| package | 1 | 1 | 0 | 1 |" in table
    assert "- `package/slide.xml`: dynax: tendons are not supported" in table
