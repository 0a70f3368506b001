"""The formats of logs."""

import json
import sys

import numpy as np
import pytest
from synthetic import drive_csv

from dynax.errors import UserError
from dynax.logs import formats

N = 30
POSITION, ACTION = np.arange(2.0 * N).reshape(N, 2), np.arange(1.0 * N).reshape(N, 1)


def names(recording):
    return sorted(recording.columns)


def test_csv_with_semicolons_decimal_commas_comments_and_empty_cells(tmp_path):
    path = tmp_path / "log.csv"
    path.write_text("\ufeff# a comment\ntime;pos;note\n0,0;1,5;a\n0,1;;b\n0,2;NaN;c\n")
    [recording] = formats.read(path).recordings
    assert names(recording) == ["pos", "time"]
    np.testing.assert_array_equal(recording.columns["pos"].values, [1.5, np.nan, np.nan])
    np.testing.assert_array_equal(recording.columns["time"].values, [0, 0.1, 0.2])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0,1\n2,3\n", "line 1: the first row must contain the names of the columns"),
        ("a,a\n2,3\n", "line 1: two columns are called 'a'"),
        ("a,b\n", "has no samples"),
        ('a,b\n0,"1\n2"\n3\n', "line 4: the row has 1 cells, and the header has 2"),
        ('"a\nx",b\n0,1,2\n', "line 3: the row has 3 cells, and the header has 2"),
        ('a,b\n0,"1\n2"\n3,4\n', r"line 3: '1\\n2' in the column b is not a number"),
        ('a,b\n0,1\n1,"1\n2,x\n', "line 4: .* in the column b is not a number"),
        ("a,b\n0," + "1" * 200_000 + "\n", "log.csv is damaged, or its content is not supported: field larger"),
    ],
)
def test_wrong_csv_files_are_explained(tmp_path, text, message):
    (tmp_path / "log.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        formats.read(tmp_path / "log.csv")


def test_npz(tmp_path):
    np.savez(tmp_path / "log.npz", q=POSITION, u=ACTION[:, 0], dt=0.01, names=np.array(["a", "b"]))
    [recording] = formats.read(tmp_path / "log.npz").recordings
    assert names(recording) == ["q.0", "q.1", "u"]
    np.testing.assert_array_equal(recording.columns["q.1"].values, POSITION[:, 1])


def test_parquet(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")

    table = pyarrow.table({"t": np.arange(N), "q": POSITION.tolist(), "text": ["x"] * N})
    parquet.write_table(table, tmp_path / "log.parquet")
    [recording] = formats.read(tmp_path / "log.parquet").recordings
    assert names(recording) == ["q.0", "q.1", "t"]
    np.testing.assert_array_equal(recording.columns["q.1"].values, POSITION[:, 1])


@pytest.mark.parametrize("version", ["v2.1", "v3.0"])
def test_lerobot(tmp_path, version):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")

    features = {"observation.state": {"names": ["shoulder", "elbow"]}, "action": {"names": {"motors": ["m"]}}}
    (tmp_path / "meta").mkdir()
    (tmp_path / "meta" / "info.json").write_text(json.dumps({"features": features, "fps": 50}))
    chunk = tmp_path / "data" / "chunk-000"
    chunk.mkdir(parents=True)
    columns = {"observation.state": POSITION.tolist(), "action": ACTION.tolist(), "timestamp": np.arange(N) / 50}
    episodes = np.repeat([0, 1], N // 2)
    files = {"file-000": np.ones(N, bool)} if version == "v3.0" else {f"episode_{i:06d}": episodes == i for i in (0, 1)}
    for name, rows in files.items():
        table = pyarrow.table({**columns, "episode_index": episodes}).filter(pyarrow.array(rows))
        parquet.write_table(table, chunk / f"{name}.parquet")
    log = formats.read(tmp_path)
    first, second = log.recordings
    assert (log.format, first.dt, second.episode) == ("LeRobot", 0.02, "episode_1")
    assert {"observation.state.shoulder", "observation.state.elbow", "action.m", "timestamp"} <= set(first.columns)
    np.testing.assert_array_equal(second.columns["observation.state.elbow"].values, POSITION[N // 2 :, 1])


def test_robomimic(tmp_path):
    h5py = pytest.importorskip("h5py")
    xml = "<mujoco><worldbody><body><joint type='slide'/><joint/></body></worldbody></mujoco>"
    with h5py.File(tmp_path / "demo.hdf5", "w") as file:
        for i in (0, 1):
            demo = file.create_group(f"data/demo_{i}")
            demo.attrs["model_file"] = xml
            demo["states"] = np.hstack([np.arange(N)[:, None] * 0.05, POSITION, POSITION + 0.5])
            demo["actions"] = ACTION + i
            demo["obs/joint"] = POSITION
    first, second = formats.read(tmp_path / "demo.hdf5").recordings
    assert {"time", "qpos.0", "qpos.1", "qvel.0", "actions", "obs/joint.0"} <= {
        n.removesuffix(".0") if n in ("time.0", "actions.0") else n for n in first.columns
    }
    np.testing.assert_array_equal(second.columns["qvel.1"].values, POSITION[:, 1] + 0.5)
    assert (first.episode, first.facts["mjcf"]) == ("demo_0", xml)


def test_d4rl_episodes_end_at_timeouts_and_terminals(tmp_path):
    h5py = pytest.importorskip("h5py")
    with h5py.File(tmp_path / "hopper.hdf5", "w") as file:
        file["observations"], file["actions"] = POSITION, ACTION
        file["timeouts"] = np.arange(N) == 9
        file["terminals"] = np.arange(N) == 19
    recordings = formats.read(tmp_path / "hopper.hdf5").recordings
    assert [len(r.columns["observations.0"].values) for r in recordings] == [10, 10, 10]


def test_minari_has_one_more_observation_than_actions(tmp_path):
    h5py = pytest.importorskip("h5py")
    (tmp_path / "data").mkdir()
    with h5py.File(tmp_path / "data" / "main_data.hdf5", "w") as file:
        episode = file.create_group("episode_0")
        episode["observations"], episode["actions"] = POSITION, ACTION[:-1]
    log = formats.read(tmp_path)
    [recording] = log.recordings
    assert log.format == "Minari"
    assert len(recording.columns["actions.0"].values) == len(recording.columns["observations.0"].values) == N


@pytest.mark.parametrize("kind", ["bag", "mcap"])
def test_joint_states_of_a_bag(tmp_path, kind):
    pytest.importorskip("rosbags")
    from rosbags.rosbag2 import StoragePlugin, Writer
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.ROS2_HUMBLE)
    header, stamp, state = (
        store.types[name]
        for name in ("std_msgs/msg/Header", "builtin_interfaces/msg/Time", "sensor_msgs/msg/JointState")
    )
    plugin = StoragePlugin.MCAP if kind == "mcap" else StoragePlugin.SQLITE3
    with Writer(tmp_path / "bag", version=9, storage_plugin=plugin) as writer:
        connection = writer.add_connection("/joints", state.__msgtype__, typestore=store)
        for i in range(N):
            message = state(
                header=header(stamp=stamp(sec=1_700_000_000, nanosec=i * 10_000_000), frame_id=""),
                name=["a", "b"], position=POSITION[i], velocity=POSITION[i] + 1, effort=np.zeros(0),
            )  # fmt: skip
            writer.write(connection, i, store.serialize_cdr(message, state.__msgtype__))
    [recording] = formats.read(tmp_path / "bag").recordings
    assert names(recording) == ["joints/a.position", "joints/a.velocity", "joints/b.position", "joints/b.velocity"]
    column = recording.columns["joints/b.velocity"]
    np.testing.assert_array_equal(column.values, POSITION[:, 1] + 1)
    np.testing.assert_allclose(column.time, 0.01 * np.arange(N), atol=1e-6)


@pytest.mark.parametrize("suffix", ["parquet", "npz", "hdf5", "mcap"])
def test_a_damaged_file_is_explained(tmp_path, suffix):
    path = tmp_path / f"log.{suffix}"
    path.write_bytes(b"no log at all")
    with pytest.raises(UserError, match=f"log.{suffix}"):
        formats.read(path)


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    (tmp_path / "log.hdf5").write_bytes(b"")
    with pytest.raises(UserError, match=r"needs the package h5py: run pip install 'dynax\[logs\]'"):
        formats.read(tmp_path / "log.hdf5")


def test_a_folder_contains_one_recording_per_file(tmp_path):
    drive_csv(tmp_path / "b.csv", 20)
    drive_csv(tmp_path / "a.csv", 20)
    (tmp_path / "README.md").write_text("notes")
    assert [recording.name for recording in formats.read(tmp_path).recordings] == ["a.csv", "b.csv"]


@pytest.mark.parametrize(("name", "message"), [("x.doc", "the suffix .doc is not one of"), ("none", "no such file")])
def test_an_unknown_source_is_explained(tmp_path, name, message):
    if name != "none":
        (tmp_path / name).write_text("")
    with pytest.raises(UserError, match=message):
        formats.read(tmp_path / name)
