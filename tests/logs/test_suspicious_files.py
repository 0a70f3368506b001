"""Files that would be read with other numbers than intended, or with too much memory: one sentence explains why not."""

import json
import os

import numpy as np
import pytest

from dynax.errors import UserError
from dynax.logs import formats

N = 30


def test_data_of_an_hdf5_file_in_other_files_are_not_read(tmp_path):
    """HDF5 reads zeros if the other file of a virtual array is missing, and every file of the disk as numbers."""
    h5py = pytest.importorskip("h5py")

    with h5py.File(tmp_path / "log.hdf5", "w") as file:
        layout = h5py.VirtualLayout((N,), "f8")
        layout[:] = h5py.VirtualSource(tmp_path / "other.hdf5", "q", (N,))
        file["q"] = np.zeros(N)
        file.create_virtual_dataset("virtual", layout)
        file.create_dataset("external", (N,), "f8", external=[("/etc/passwd", 0, 8 * N)])
    [recording] = formats.read(tmp_path / "log.hdf5").recordings
    assert list(recording.columns) == ["q"]
    for name in ("virtual", "external"):
        with pytest.raises(UserError, match=f"qpos: the column {name} of log.hdf5 is stored in other files, and must"):
            recording.column(name, "qpos")


def test_all_arrays_of_an_hdf5_file_must_fit_into_memory(tmp_path, monkeypatch):
    h5py = pytest.importorskip("h5py")

    monkeypatch.setattr("dynax.config.bounds.available_memory", lambda: 1e5)
    with h5py.File(tmp_path / "log.hdf5", "w") as file:
        for i in range(4):
            file[f"q{i}"] = np.zeros(2000)
    with pytest.raises(UserError, match=r"reading q3 of .*log.hdf5 and 3 other arrays needs about 0.000128 GB"):
        formats.read(tmp_path / "log.hdf5")


def test_ends_of_episodes_of_another_length_are_an_error(tmp_path):
    h5py = pytest.importorskip("h5py")

    with h5py.File(tmp_path / "log.hdf5", "w") as file:
        file["q"], file["timeouts"] = np.zeros(N), np.zeros(N - 5, bool)
    with pytest.raises(UserError, match="timeouts, which marks the ends of the episodes, has 25 rows instead of 30"):
        formats.read(tmp_path / "log.hdf5")


def test_a_parquet_file_with_two_columns_of_one_name(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")

    table = pyarrow.Table.from_arrays([pyarrow.array([1.0])] * 2, names=["q", "q"])
    parquet.write_table(table, tmp_path / "log.parquet")
    with pytest.raises(UserError, match=r"log.parquet: two columns are called 'q'; rename one of them"):
        formats.read(tmp_path / "log.parquet")


def test_a_damaged_page_of_a_parquet_file(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")

    path = tmp_path / "log.parquet"
    parquet.write_table(pyarrow.table({"q": np.arange(1000.0)}), path)
    content = bytearray(path.read_bytes())
    content[4:40] = bytes(36)
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"log.parquet is damaged: [^\n]+\Z"):
        formats.read(path)


@pytest.mark.parametrize("episodes", [[0.5, 1.0], [1e300, 1.0], [float("nan"), 1.0], ["a", "b"]])
def test_episodes_of_lerobot_are_whole_numbers(tmp_path, episodes):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")

    for folder in ("meta", "data"):
        (tmp_path / folder).mkdir()
    (tmp_path / "meta" / "info.json").write_text(json.dumps({"features": {}, "fps": 50}))
    parquet.write_table(pyarrow.table({"q": [1.0, 2.0], "episode_index": episodes}), tmp_path / "data" / "a.parquet")
    with pytest.raises(UserError, match="has no column episode_index with a whole number in each row"):
        formats.read(tmp_path)


def test_a_csv_file_with_other_separators(tmp_path):
    (tmp_path / "log.csv").write_text("t|q\n0|1\n")
    with pytest.raises(UserError, match=r"no column of numbers: t\|q is text: '0\|1' in line 2 .*; commas, semicolons"):
        formats.read(tmp_path / "log.csv")


@pytest.mark.parametrize("folder", [False, True])
def test_a_name_that_is_not_utf_8_is_explained(tmp_path, folder):
    path = tmp_path / "log\udcff.csv"
    path.write_text("q\n1\n")
    with pytest.raises(UserError, match=r"^source='.*udcff.csv' contains bytes that are not UTF-8: use another path"):
        formats.read(tmp_path if folder else path)


def test_a_pipe_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "log.csv")
    with pytest.raises(UserError, match=r"log.csv: this is not a regular file"):
        formats.read(tmp_path / "log.csv")
