"""The files of a dataset: chunks, manifests and whole datasets of another seed are detected."""

import json
import shutil
from dataclasses import replace

import pytest
from small_datasets import CHUNK, error_message, manifest, trajectories, write

from dynax.config.schema import CollectConfig
from dynax.data import arrays
from dynax.data.collection import collect
from dynax.data.dataset import Dataset
from dynax.data.manifest import canonical, sha256
from dynax.data.trajectories import Trajectories
from dynax.envs import PendulumEnv
from dynax.errors import UserError
from dynax.excitations.mixed import Mixed

SIZE = CollectConfig(num_rollouts=40, rollout_length=25, seed=3, backend="native")


def test_chunks_of_another_seed_are_detected(copy, tmp_path):
    """Its CRC-32C is correct, and so is its shape."""
    other = trajectories()
    other = write(tmp_path / "other", Trajectories(other.states + 1, other.actions))
    shutil.copy(other.path / "qpos" / "c" / "1" / "0" / "0", copy / "qpos" / "c" / "1" / "0" / "0")
    with pytest.raises(UserError, match=r"qpos/c/1/0/0 does not match its SHA-256 in manifest.json"):
        Dataset.open(copy).verify()
    assert "qpos/c/1/0/0" in error_message(copy)
    first = Dataset.open(copy).read(slice(0, CHUNK))
    assert len(first) == CHUNK


def test_a_change_after_the_first_read_is_detected(copy):
    Dataset.open(copy).read()
    chunk = copy / "qpos" / "c" / "0" / "0" / "0"
    chunk.write_bytes((copy / "qpos" / "c" / "1" / "0" / "0").read_bytes())
    assert "qpos/c/0/0/0" in error_message(copy)


def test_additional_files_are_detected(copy):
    (copy / "qpos" / "c" / "9").touch()
    assert "qpos/c/9 does not belong to it" in error_message(copy)
    (copy / "qpos" / "c" / "9").unlink()
    (copy / "warmstart.json").write_text("{}")
    assert "warmstart.json is not listed in manifest.json" in error_message(copy)


def test_another_dataset_under_the_name_is_detected(copy):
    digest = Dataset.open(copy).manifest["description_sha256"][:12]
    good, bad = copy.with_name(f"toy-{digest}"), copy.with_name("toy-0123456789ab")
    assert Dataset.open(copy.rename(good)).path == good
    text = error_message(good.rename(bad))
    assert f"contains another dataset: its manifest.json belongs to toy-{digest}" in text


def test_the_wanted_description_is_compared(copy):
    Dataset.open(copy, manifest())
    with pytest.raises(UserError, match=r"toy-1 is not the wanted dataset: it has another seed"):
        Dataset.open(copy, manifest(seed=3))


def test_the_hash_is_that_of_the_data(pristine, tmp_path):
    data = trajectories()
    again = write(tmp_path / "again", data, note="another description")
    other = write(tmp_path / "other", Trajectories(data.states, data.actions + 1))
    one = Dataset.open(pristine)
    assert one.sha256 == again.sha256 != other.sha256
    assert one.manifest["sha256"] != again.manifest["sha256"]


@pytest.mark.parametrize(
    ("key", "value"), [("nq", "2"), ("files", []), ("joints", None), ("dt", True), ("data_sha256", "0"), ("nq", 3)]
)
def test_a_sealed_manifest_of_other_content_is_an_error(copy, key, value):
    content = json.loads((copy / "manifest.json").read_text()) | {key: value}
    del content["sha256"]
    (copy / "manifest.json").write_text(json.dumps(content | {"sha256": sha256(canonical(content))}))
    assert "damaged" in error_message(copy)


def test_an_existing_dataset_is_verified(tmp_path, monkeypatch):
    """A missing chunk, and another seed under the name of the wanted dataset."""
    monkeypatch.setattr(arrays, "CHUNK_BYTES", 10 * 26 * 2 * 8)
    path = collect(PendulumEnv(), Mixed(), SIZE, tmp_path).path
    chunk = path / "qvel" / "c" / "1" / "0" / "0"
    content = chunk.read_bytes()
    chunk.unlink()
    with pytest.raises(UserError, match="qvel/c/1/0/0 is missing"):
        collect(PendulumEnv(), Mixed(), SIZE, tmp_path)
    chunk.write_bytes(content[::-1])
    with pytest.raises(UserError, match="qvel/c/1/0/0 does not match"):
        collect(PendulumEnv(), Mixed(), SIZE, tmp_path)
    shutil.rmtree(path)
    collect(PendulumEnv(), Mixed(), replace(SIZE, seed=4), tmp_path).path.rename(path)
    with pytest.raises(UserError, match=f"{path} contains another dataset"):
        collect(PendulumEnv(), Mixed(), SIZE, tmp_path)


def test_the_name_of_the_folder_is_no_pattern(tmp_path):
    data = collect(PendulumEnv(), Mixed(), SIZE, tmp_path / "lr=[0.1],{a}" / "*?")
    assert data.read().num_transitions == 1000
