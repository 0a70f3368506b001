"""Datasets: data are read as they were written, and damage is detected."""

import hashlib
import json
import shutil
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from small_datasets import CHUNK, MJCF, STEPS, N, error_message, manifest, robot, trajectories, write

from dynax.data import arrays
from dynax.data.dataset import Dataset
from dynax.data.manifest import robot_of, with_description_hash
from dynax.data.writer import creating
from dynax.errors import DiskFullError, UserError


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_round_trip(tmp_path, dtype):
    data = trajectories(dtype=dtype)
    read = write(tmp_path / "toy-1", data, dtype=np.dtype(dtype).name)
    assert (len(read), read.num_transitions, read.dt) == (N, N * STEPS, 0.02)
    for rows in (slice(None), slice(3, 9), slice(-2, None), slice(4, 4)):
        part = read.read(rows)
        assert part.states.dtype == part.actions.dtype == dtype
        np.testing.assert_array_equal(part.states, data.states[rows])
        np.testing.assert_array_equal(part.actions, data.actions[rows])
    assert [p.name for p in tmp_path.iterdir()] == ["toy-1"]


@pytest.mark.parametrize("name", ["a\\b", "a\\", "[x]*?", "gs:"])
def test_the_name_of_a_directory_is_taken_verbatim(tmp_path, name):
    data, path = trajectories(), tmp_path / name / "toy-1"
    np.testing.assert_array_equal(write(path, data).read().states, data.states)
    assert [p.name for p in tmp_path.iterdir()] == [name]
    (path / "action" / "c" / "0" / "0" / "0").write_bytes(b"")
    error_message(path)


def test_split_is_by_trajectory_and_complete(pristine):
    train, val = Dataset.open(pristine).split(0.25)
    assert (len(train), len(val)) == (8, 2)
    complete = Dataset.open(pristine).read()
    in_memory = complete.split(0.25)
    for lazy, loaded in zip((train, val), in_memory, strict=True):
        np.testing.assert_array_equal(lazy.read().states, loaded.states)
    np.testing.assert_array_equal(val.read(slice(1, 2)).actions, complete.actions[9:])
    np.testing.assert_array_equal(np.concatenate([part.states for part in in_memory]), complete.states)


def test_a_dataset_that_is_too_small_for_a_split_is_named(tmp_path):
    dataset = write(tmp_path / "toy-1", trajectories(1))
    with pytest.raises(UserError, match=f"the dataset {dataset.path} is too small: 1 trajectories cannot be split"):
        dataset.split(0.1)
    with pytest.raises(UserError, match=r"^val_fraction=2 is out of range"):
        dataset.split(2)


def test_arrays_are_plain_zarr(pristine):
    metadata = json.loads((pristine / "qpos" / "zarr.json").read_text())
    assert (metadata["zarr_format"], metadata["shape"]) == (3, [N, STEPS + 1, 2])
    assert metadata["codecs"][-1]["name"] == "crc32c"
    raw = (pristine / "qpos" / "c" / "0" / "0" / "0").read_bytes()
    first = np.frombuffer(raw[:-4], "<f8").reshape(CHUNK, STEPS + 1, 2)
    np.testing.assert_array_equal(first, trajectories().states[:CHUNK, :, :2])


@pytest.mark.parametrize("name", ["qpos/c/0/0/0", "qvel/c/1/0/0", "action/c/2/0/0", "qpos/zarr.json", "manifest.json"])
def test_a_flipped_bit_is_detected_everywhere(copy, name):
    file, array = copy / name, name.partition("/")[0]
    original = bytearray(file.read_bytes())
    for position in np.linspace(0, len(original) - 1, 12).astype(int):
        changed = original.copy()
        changed[position] ^= 1
        file.write_bytes(changed)
        assert "damaged" in (text := error_message(copy))
        assert array in text


@pytest.mark.parametrize("name", ["qpos/c/0/0/0", "qvel/c/1/0/0", "action/zarr.json", "manifest.json"])
@pytest.mark.parametrize("keep", [0.0, 0.5, 0.99])
def test_a_truncated_file_is_detected(copy, name, keep):
    content = (copy / name).read_bytes()
    (copy / name).write_bytes(content[: int(keep * len(content))])
    assert "damaged" in (text := error_message(copy))
    assert name in text


@pytest.mark.parametrize("name", ["qpos/c/0/0/0", "qvel/c/2/0/0", "action/c/1/0/0", "action/zarr.json"])
def test_a_missing_file_is_detected(copy, name):
    (copy / name).unlink()
    assert "damaged" in (text := error_message(copy))
    assert name in text


def test_metadata_of_another_shape_are_detected(copy):
    file = copy / "qvel" / "zarr.json"
    metadata = json.loads(file.read_text())
    metadata["shape"][0] -= 1
    file.write_text(json.dumps(metadata))
    assert "qvel" in error_message(copy)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"shape": [9, 6, 2]}, 'Expected "shape" of [10,6,2] but received: [9,6,2]; delete the dataset'),
        ({"data_type": "int8"}, 'Expected "data_type" of'),
        ({"fill_value": "x"}, 'but received: "x"; delete the dataset'),
    ],
)
def test_the_difference_of_the_metadata_is_complete(copy, changed, message):
    file = copy / "qvel" / "zarr.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changed))
    manifest = json.loads((copy / "manifest.json").read_text())
    with pytest.raises(UserError) as error:
        arrays.open_array(copy, manifest, "qvel")
    assert message in str(error.value)


@pytest.mark.parametrize(("value", "shown"), [(np.nan, "nan"), (np.inf, "inf"), (1e300, "1e+300")])
@pytest.mark.parametrize(("name", "number"), [("qvel", 2), ("action", 0)])
def test_a_number_that_no_training_can_use_is_located(tmp_path, name, number, value, shown):
    dataset = write(tmp_path / "toy-1", trajectories())
    array = arrays.open_array(dataset.path, dataset.manifest, name)
    array[3, 4, 0].write(value).result()
    digest = hashlib.sha256((chunk := dataset.path / name / "c" / "0" / "0" / "0").read_bytes()).hexdigest()
    files = {**dataset.manifest["files"], str(chunk.relative_to(dataset.path)): digest}
    part = replace(dataset, manifest={**dataset.manifest, "files": files}, rows=range(2, 10))
    array = "actions" if name == "action" else "states"
    with pytest.raises(UserError) as error:
        part.read()
    place = f"the dataset {dataset.path} cannot be used: {array}[3, 4, {number}] (trajectory 3, step 4) is {shown}, but"
    assert f"{place} must be finite and below 1e+10; delete the dataset" in str(error.value)


def test_a_full_disk_is_reported_before_the_simulation(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=100, total=10**9))
    with pytest.raises(DiskFullError, match=r"the disk is full: .*toy-1 needs 0.00232 MB, and 0.0001 MB is free"):
        write(tmp_path / "toy-1", trajectories())
    assert not list(tmp_path.iterdir())


def test_a_directory_without_a_dataset_is_an_error(tmp_path):
    assert "there is no such directory" in error_message(tmp_path / "nowhere")
    assert "has no manifest.json" in error_message(tmp_path)
    for content, found in (("{}", "None"), ("[]", "None"), ('{"format": "dynax-dataset/1"}', "dynax-dataset/1")):
        (tmp_path / "manifest.json").write_text(content)
        message = error_message(tmp_path)
        assert "is not a dataset of this version" in message
        assert f"has the format {found}, and this version of Dynax reads only dynax-dataset/3" in message
    assert "no such directory" in error_message(tmp_path / "manifest.json")


def test_a_failed_creation_leaves_nothing(tmp_path):
    def create():
        with creating(tmp_path / "toy-1", manifest()) as writer:
            writer.append(trajectories(CHUNK))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        create()
    assert not list(tmp_path.iterdir())


def test_the_error_about_an_unwritable_folder_names_it(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="file/toy-1 cannot be written: Not a directory"):
        write(tmp_path / "file" / "toy-1", trajectories())


@pytest.mark.parametrize(
    ("change", "difference"),
    [
        (('name="hinge"', 'name="elbow"'), r"joints \['x', 'hinge'\] and \['x', 'elbow'\]"),
        (('name="push"', 'name="pull"'), r"action_names \['push'\] and \['pull'\]"),
        (('timestep="0.02"', 'timestep="0.01"'), r"dt 0.02 and 0.01"),
        (('axis="0 1 0"', 'axis="0 0 1"'), r'first in `.*axis="0 1 0".*` and `.*axis="0 0 1"'),
    ],
)
def test_data_of_another_robot_are_an_error_that_names_the_difference(pristine, change, difference):
    Dataset.open(pristine).check_robot(robot())
    with pytest.raises(UserError, match=f"toy-1 is of the robot toy, not of other: .*{difference}"):
        Dataset.open(pristine).check_robot(robot(MJCF.replace(*change), "other"))


def test_data_with_another_control_step_are_an_error(pristine):
    with pytest.raises(UserError, match=r"toy-1 is of the robot toy, not of toy: dt 0\.02 and 0\.1"):
        Dataset.open(pristine).check_robot(robot(decimation=5))


def test_every_difference_of_the_robots_is_named(pristine):
    """Two timesteps can have the same control step."""
    faster = robot(MJCF.replace('timestep="0.02"', 'timestep="0.01"'), decimation=2)
    with pytest.raises(UserError, match="toy-1 is of the robot toy, not of toy: decimation 1 and 2"):
        Dataset.open(pristine).check_robot(faster)


def test_the_manifest_contains_the_control_step_and_its_hash_depends_on_it():
    one, five = (with_description_hash(robot_of(robot(decimation=n))) for n in (1, 5))
    assert [(m["decimation"], m["dt"]) for m in (one, five)] == [(1, 0.02), (5, 0.1)]
    assert one["description_sha256"] != five["description_sha256"]


@pytest.mark.parametrize(
    ("n", "steps", "width", "itemsize"), [(600, 500, 4, 8), (3, 5, 2, 4), (7, 10**6, 10, 8), (10**6, 10, 2, 4)]
)
def test_chunks_are_equal_shares_of_limited_size(n, steps, width, itemsize):
    chunk = arrays.chunk_size(n, steps, width, itemsize)
    assert 1 <= chunk <= n
    assert chunk == 1 or chunk * (steps + 1) * width * itemsize <= 2 * arrays.CHUNK_BYTES
