"""Bags of ROS 2: their clocks, and bags without usable messages."""

import numpy as np
import pytest

from dynax.errors import UserError
from dynax.logs import formats

pytest.importorskip("rosbags")
N = 20
RECEIVED = 5e9 + 2e7 * np.arange(N)  # ns


@pytest.fixture
def bag(tmp_path):
    """Return a function that writes a bag with the stamps of the messages in s, and reads its times."""
    from rosbags.rosbag2 import StoragePlugin, Writer
    from rosbags.typesys import Stores, get_typestore

    store = get_typestore(Stores.ROS2_HUMBLE)
    header, stamp, state = (
        store.types[name]
        for name in ("std_msgs/msg/Header", "builtin_interfaces/msg/Time", "sensor_msgs/msg/JointState")
    )

    def times(stamps, joints=("a",)):
        with Writer(tmp_path / "bag", version=9, storage_plugin=StoragePlugin.MCAP) as writer:
            connection = writer.add_connection("/j", state.__msgtype__, typestore=store)
            for received, seconds in zip(RECEIVED, stamps, strict=False):
                time = stamp(sec=int(seconds), nanosec=round(seconds % 1 * 1e9))
                ones = np.ones(len(joints))
                message = state(header(time, ""), list(joints), position=ones, velocity=ones, effort=ones)
                writer.write(connection, int(received), store.serialize_cdr(message, state.__msgtype__))
        [recording] = formats.read(tmp_path / "bag").recordings
        return recording.columns["j/a.position"].time

    return times


@pytest.mark.parametrize(
    ("stamps", "interval"),
    [
        (0.01 * np.arange(N), 0.01),  # a simulation begins at zero
        (7 + 0.01 * np.arange(N), 0.01),
        (np.zeros(N), 0.02),
        (np.where(np.arange(N) % 2, 7 + 0.01 * np.arange(N), 0), 0.02),
    ],
)
def test_a_column_has_one_clock(bag, stamps, interval):
    np.testing.assert_allclose(bag(stamps), interval * np.arange(N), atol=1e-6)


@pytest.mark.parametrize(("stamps", "joints"), [([], ["a"]), (np.ones(N), [])])
def test_a_bag_without_joints_is_explained(bag, stamps, joints):
    message = "has no message of the type sensor_msgs/msg/JointState with the name and a value of a joint"
    with pytest.raises(UserError, match=message):
        bag(stamps, joints)


def test_a_cut_file_is_explained(tmp_path):
    (tmp_path / "log.mcap").write_bytes(b"\x89MCAP0\r\n")
    with pytest.raises(UserError, match=r"log.mcap cannot be read as a bag: a record is damaged"):
        formats.read(tmp_path / "log.mcap")
