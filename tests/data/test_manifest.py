"""Manifests: numbers that no dataset can have are damage, even if all checksums are right."""

import json
import time

import pytest
from small_datasets import error_message

from dynax.data.manifest import _CHECKSUMS, directory_name, sha256, with_checksums, with_description_hash

LOG = {
    "segments": [{"recording": "a.csv"}],
    "rows": [[0, 4 * i] for i in range(10)],
    "test_rows": 1,
    "noise_std": {"hinge": 0.1},
}
RECORDED = """<mujoco><custom><text name="dynax_units" data="rad rad"/></custom><worldbody><body>
<joint/><inertial pos="0 0 0" mass="1" diaginertia="1 1 1"/></body></worldbody></mujoco>"""


def with_mjcf(mjcf):
    """Return the entries of a manifest with another MJCF."""
    return {"mjcf": mjcf, "mjcf_sha256": sha256(mjcf)}


def with_text(mjcf):
    """Return the entries of a manifest with an MJCF that cannot be encoded."""
    return {"mjcf": mjcf, "mjcf_sha256": "0" * 64}


def resealed(path, **changed):
    """Change entries of a manifest, and all its checksums."""
    manifest = json.loads((path / "manifest.json").read_text())
    description = {k: v for k, v in manifest.items() if k not in (*_CHECKSUMS, "format")} | changed
    (path / "manifest.json").write_text(
        json.dumps(with_checksums(with_description_hash(description), manifest["files"]))
    )
    return error_message(path)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"chunk": 0}, "the key chunk must be a number from 1 to"),
        ({"num_rollouts": -1}, "the key num_rollouts must be a number from 1 to"),
        ({"num_rollouts": 10**13}, "the key num_rollouts must be a number from 1 to"),
        ({"num_rollouts": 10**7}, "10000000 trajectories in chunks of 4 need more than the "),
        ({"nq": 10**400}, "the key nq must be an integer of at most 64 bits"),
        ({"dtype": "x\ud800"}, "the key dtype must be float32 or float64"),
        ({"dt": float("nan")}, "the key dt must be a number from"),
        ({"dt": 0.0}, "the key dt must be a number from"),
        ({"log": None}, "the key log must be an object"),
        ({"log": {}}, "the key log.segments is missing"),
        ({"log": {**LOG, "rows": LOG["rows"][1:]}}, "log.rows has 9 entries and log.test_rows=1 for 10 trajectories"),
        ({"log": {**LOG, "test_rows": 11}}, "log.rows has 10 entries and log.test_rows=11 for 10 trajectories"),
        ({"log": {**LOG, "rows": [[1, 0]] * 10}}, "log.rows.0 is no row of the 1 segments"),
        ({"log": {**LOG, "rows": [[0]] * 10}}, "log.rows.0 is no row"),
        ({"log": {**LOG, "rows": [[0, 10**12]] * 10}}, "log.rows.0 is no row"),
    ],
)
def test_impossible_numbers_are_damage(copy, changed, message):
    begin = time.monotonic()
    text = resealed(copy, **changed)
    assert "damaged" in text
    assert message in text
    assert time.monotonic() - begin < 5


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"mjcf": "<mujoco/>"}, "mjcf_sha256 is not the SHA-256 of mjcf"),
        ({"mjcf_sha256": "0" * 64}, "mjcf_sha256 is not the SHA-256 of mjcf"),
        ({"dt": 1.0}, "dt is 1.0, but 0.02 follows from its MJCF"),
        ({"decimation": 5}, "dt is 0.02, but 0.1 follows from its MJCF"),
        ({"joints": ["x", "elbow"]}, "joints is ['x', 'elbow'], but ['x', 'hinge'] follows from its MJCF"),
        ({"action_names": ["pull"]}, "action_names is ['pull'], but ['push'] follows from its MJCF"),
        (with_mjcf("<mujoco/>"), "its MJCF cannot be used: Dynax does not support the robot toy: it has no joint"),
        (with_mjcf("<mujoco><body>"), "its MJCF cannot be used: MuJoCo rejects the model of toy: XML parse error"),
        (with_mjcf(RECORDED), "its MJCF has 2 units for 1 coordinates"),
        (with_mjcf(f"<mujoco><!-- {RECORDED} --></mujoco>"), "its MJCF cannot be used: "),
        (
            {"log": {**LOG, "rows": [[0, 4 * i + 2 * (i > 3)] for i in range(10)]}},
            "log.rows.4 begins at sample 18",
        ),
        ({"log": {**LOG, "rows": [[0, 0]] * 10}}, "log.rows.1 begins at sample 0, and does not continue log.rows.0"),
        (
            {"log": {**LOG, "segments": 2 * LOG["segments"], "rows": [[i % 2, 0] for i in range(10)]}},
            "log.rows.2 is in segment 0, but log.rows.1 is in segment 1",
        ),
        ({"log": {**LOG, "test_rows": 10}}, "log.rows has 10 entries and log.test_rows=10 for 10 trajectories"),
        ({"robot": "\ud800"}, "a text contains characters that no file can contain"),
        (with_text("\ud800"), "a text contains characters that no file can contain"),
        ({"log": LOG}, "log.noise_std has not one finite standard deviation for each of the 4 coordinates"),
        ({"backend": 1}, "the key backend must be a text"),
    ],
)
def test_entries_that_contradict_each_other_are_damage(copy, changed, message):
    text = resealed(copy, **changed)
    assert f"the dataset {copy} is damaged: manifest.json: " in text
    assert message in text


def test_the_directory_of_a_dataset_is_visible():
    names = [directory_name({"robot": name, "description_sha256": "0" * 64}) for name in (".hidden", "../../x", "a.b")]
    assert names == [f"{name}-000000000000" for name in ("_hidden", "__.._x", "a.b")]
