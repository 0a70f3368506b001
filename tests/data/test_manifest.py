"""Manifests: numbers that no dataset can have are damage, even if all checksums are right."""

import json
import time

import pytest
from small_datasets import error_message

from dynax.data.manifest import _CHECKSUMS, with_checksums, with_description_hash

LOG = {
    "segments": [{"recording": "a.csv"}],
    "rows": [[0, 4 * i] for i in range(10)],
    "test_rows": 1,
    "noise_std": {"hinge": 0.1},
}


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
