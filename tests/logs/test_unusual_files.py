"""Damaged and unusual files of logs: each is read, or one sentence explains why not."""

import contextlib
import json
import struct
import zipfile

import numpy as np
import pytest
from synthetic import drive_csv

from dynax.config import memory_limit
from dynax.errors import DiskFullError, UserError
from dynax.logs import formats
from dynax.logs.formats import npz, rosbag

N = 30
POSITION = np.arange(2.0 * N).reshape(N, 2)


def names(recording):
    return sorted(recording.columns)


def npy(shape):
    """Return the beginning of an NPY file whose header states a shape."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(80)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({"q.npy": npy("(0,)")[:-80]}, "contains no samples"),
        ({"q.npy": npy("(0, 3)")[:-80]}, "contains no samples"),
        ({"q.npy": npy("(1000000000000000,)")}, "has 1,000,000,000,000,000 samples"),
        ({"q.npy": npy("(True,)")}, "is damaged: "),
        (
            {"q.npy": b"\x93NUMPY\x02\x00" + 4 * b"\1"},
            "is damaged: the header of q.npy has 16,843,009 bytes",
        ),
        ({"readme.txt": b"no array"}, "contains no arrays of numbers"),
    ],
)
def test_wrong_npz_files_are_explained(tmp_path, entries, message):
    with zipfile.ZipFile(tmp_path / "log.npz", "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    with pytest.raises(UserError, match=f"log.npz {message}"):
        formats.read(tmp_path / "log.npz")


def test_a_compressed_file_is_not_unpacked_beyond_the_memory(tmp_path, monkeypatch):
    monkeypatch.setattr("dynax.config.bounds.available_memory", lambda: 1e5)
    np.savez_compressed(tmp_path / "log.npz", q=np.zeros(10_000))
    with pytest.raises(UserError, match=r"reading .*log.npz needs about 0.00016 GB of memory"):
        formats.read(tmp_path / "log.npz")


def test_the_headers_of_an_npz_file_decide_what_is_read(tmp_path, monkeypatch):
    images, texts, q = np.zeros((N, 200, 200), np.uint8), np.full(N, "text"), np.zeros((N, 2))
    np.savez_compressed(tmp_path / "log.npz", q=q, images=images, texts=texts, short=np.zeros(5))
    read = []
    monkeypatch.setattr(npz, "_read", lambda archive, entry: read.append(entry.filename) or q)
    [recording] = formats.read(tmp_path / "log.npz").recordings
    assert names(recording) == ["q.0", "q.1"]
    assert read == ["q.npy"]


def test_too_many_samples_are_refused_before_they_are_read(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "log.npz", "w") as archive:
        archive.writestr("q.npy", npy("(400000000,)"))
    monkeypatch.setattr(npz, "_read", lambda *_: pytest.fail("the array is read"))
    with pytest.raises(UserError, match=r"log.npz has 400,000,000 samples, more than 100,000,000: import a part"):
        formats.read(tmp_path / "log.npz")


def test_a_csv_file_beyond_the_memory_is_not_read(tmp_path, monkeypatch):
    (tmp_path / "log.csv").write_text("q\n" + 1000 * "1\n")
    monkeypatch.setattr("dynax.config.bounds.available_memory", lambda: 1e4)
    monkeypatch.setattr(formats, "limited_memory", lambda *_: contextlib.nullcontext())
    monkeypatch.setattr("pathlib.Path.read_text", lambda *_, **__: pytest.fail("the file is read"))
    with pytest.raises(UserError, match=r"reading .*log.csv needs about 4e-05 GB of memory"):
        formats.read(tmp_path / "log.csv")


def test_the_numbers_in_lists_of_a_parquet_file_count(tmp_path, monkeypatch):
    pyarrow = pytest.importorskip("pyarrow")
    pyarrow.parquet = pytest.importorskip("pyarrow.parquet")
    pyarrow.parquet.write_table(pyarrow.table({"q": [[0.0] * 10_000] * 2}), tmp_path / "log.parquet")
    monkeypatch.setattr("dynax.config.bounds.available_memory", lambda: 1e5)
    with pytest.raises(UserError, match=r"reading .*log.parquet needs about 0.00032 GB of memory"):
        formats.read(tmp_path / "log.parquet")


def test_a_file_may_not_need_more_memory_than_the_machine_has(tmp_path, monkeypatch):
    monkeypatch.setattr(memory_limit, "available_memory", lambda: 5e8)
    monkeypatch.setattr(npz, "read", lambda path, name: np.empty(2**30))
    (tmp_path / "log.npz").touch()
    with pytest.raises(UserError, match=r"reading .*log.npz needs more memory than the 0\.5 GB that are available"):
        formats.read(tmp_path / "log.npz")


def test_a_compressed_bag_is_not_unpacked_if_the_disk_has_no_room(tmp_path, monkeypatch):
    zstd = pytest.importorskip("backports.zstd")
    monkeypatch.setattr(rosbag, "free_space", lambda path: 10**7)
    (tmp_path / "metadata.yaml").write_text("rosbag2_bagfile_information: {}")
    (tmp_path / "log.db3.zstd").write_bytes(zstd.compress(bytes(2 * 10**7)))
    assert [file.name for file in rosbag.files(tmp_path)] == ["log.db3.zstd", "metadata.yaml"]
    with pytest.raises(DiskFullError, match="the disk is full"):
        formats.read(tmp_path)


def test_a_large_chunk_of_an_mcap_file_is_not_unpacked(tmp_path):
    chunk = struct.pack("<QQQI", 0, 0, 10**15, 0) + struct.pack("<I4sQ", 4, b"zstd", 0)
    content = rosbag.MAGIC + struct.pack("<BQ", 1, 8) + bytes(8) + struct.pack("<BQ", 6, len(chunk)) + chunk
    (tmp_path / "log.mcap").write_bytes(content)
    with pytest.raises(UserError, match=r"reading .*log.mcap needs about 2e\+06 GB of memory"):
        formats.read(tmp_path / "log.mcap")


def test_parquet_files_with_lists_of_other_shapes(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")

    nested = [[[1.0], [2.0, 3.0]], [[1.0], [2.0]]]
    table = pyarrow.table({"q": [[1.0, None], [2.0, 3.0]], "nested": nested, "text": [["a"], ["b"]]})
    parquet.write_table(table, tmp_path / "log.parquet")
    [recording] = formats.read(tmp_path / "log.parquet").recordings
    assert names(recording) == ["q.0", "q.1"]
    np.testing.assert_array_equal(recording.columns["q.1"].values, [np.nan, 3.0])
    parquet.write_table(table.slice(0, 0), tmp_path / "log.parquet")
    with pytest.raises(UserError, match="contains no samples"):
        formats.read(tmp_path / "log.parquet")


def test_hdf5_files_with_links_and_other_objects(tmp_path, monkeypatch):
    h5py = pytest.importorskip("h5py")

    path = tmp_path / "log.hdf5"
    with h5py.File(path, "w") as file:
        file["q"], file["type"], file["timeouts"] = POSITION, np.dtype("f8"), np.zeros((N, 2), bool)
        file["broken"] = h5py.SoftLink("/none")
    [recording] = formats.read(path).recordings
    assert names(recording) == ["q.0", "q.1"]
    with h5py.File(path, "a") as file:
        file["other"] = h5py.ExternalLink("/etc/passwd", "/x")
    with pytest.raises(UserError, match=r"log.hdf5: other is a link to /etc/passwd; copy its data instead"):
        formats.read(path)
    with h5py.File(path, "a") as file:
        del file["other"]
        file.create_group("group")["root"] = file["/"]
    with pytest.raises(UserError, match=r"log.hdf5: the groups in group/root/.* are too deep, or contain themselves"):
        formats.read(path)
    with h5py.File(path, "w") as file:
        file.create_dataset("q", (10**12,), "f8", chunks=(1000,))
    with pytest.raises(UserError, match=r"reading q of .*log.hdf5 needs about 1.6e\+04 GB of memory"):
        formats.read(path)
    with h5py.File(path, "w") as file:
        file.create_dataset("q", (10,), "f8", chunks=(500_000_000,), maxshape=(None,))
    monkeypatch.setattr("dynax.config.bounds.available_memory", lambda: 1e9)
    with pytest.raises(UserError, match=r"reading q of .*log.hdf5 needs about 8 GB of memory"):
        formats.read(path)


@pytest.mark.parametrize(
    ("info", "message"),
    [
        ({"features": {}, "fps": 0}, "fps=0 must be from 0.1 to 1e.07 samples per second"),
        ({"features": [], "fps": 9}, "the key features must be an object"),
        ({"fps": 9}, "the key features is missing"),
        ([], "the content must be an object"),
    ],
)
def test_a_wrong_description_of_lerobot_is_explained(tmp_path, info, message):
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta" / "info.json").write_text(json.dumps(info))
    with pytest.raises(UserError, match=f"info.json.*: {message}"):
        formats.read(tmp_path)


def test_a_wrong_model_file_is_reported_under_its_key_in_the_mapping(drive, tmp_path):
    (tmp_path / "bad.xml").write_text("<mujoco><bad/></mujoco>")
    with pytest.raises(UserError, match=r"^mapping\.mjcf=.*bad\.xml is not a valid MJCF or URDF file: "):
        drive(drive_csv(tmp_path / "log.csv"), mjcf=str(tmp_path / "bad.xml"))
