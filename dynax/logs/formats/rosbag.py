"""MCAP files and ROS 2 bags with messages of the type `sensor_msgs/msg/JointState`.

A column is called `<topic>/<joint>.position`, `.velocity` or `.effort`. Its time stamps are those of the messages. If
the messages have no stamps, these are the times at which the messages were received.
"""

import struct
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from dynax.config.bounds import check_memory
from dynax.errors import UserError
from dynax.logs.recording import Column, Recording
from dynax.runs.disk import disk_full_error, free_space

TYPE = "sensor_msgs/msg/JointState"
MAGIC = b"\x89MCAP0\r\n"  # the beginning of an MCAP file
CHUNK = 6  # kind of the records of MCAP that may be compressed
COMPRESSED = ".zstd"  # suffix of a file that is compressed as a whole
BLOCK = 2**20  # bytes that are decompressed at once
INTERNAL = (TypeError, LookupError, AttributeError, struct.error)  # of a reader at a damaged record
FIELDS = ("position", "velocity", "effort")


def files(path: Path) -> list[Path]:
    """Return the files of a bag."""
    if path.is_file():
        return [path]
    return sorted(file for file in path.iterdir() if file.suffix in (".yaml", ".mcap", ".db3", COMPRESSED))


def read(path: Path, name: str) -> list[Recording]:
    """Return the recording of a bag.

    Raises:
        UserError: if the bag is damaged, or has no messages of joint states.
    """
    for file in files(path):
        if file.suffix == COMPRESSED:
            _check_decompressed(file)
        if file.suffix == ".mcap":
            check_memory(f"reading {file}", 2.0 * _largest_chunk(file), "write the bag with smaller chunks")
    samples: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    import rosbags.highlevel
    import rosbags.typesys

    store = rosbags.typesys.get_typestore(rosbags.typesys.Stores.ROS2_HUMBLE)
    try:
        with rosbags.highlevel.AnyReader([path], default_typestore=store) as reader:
            connections = [x for x in reader.connections if x.msgtype == TYPE]
            types = sorted({x.msgtype for x in reader.connections})
            for connection, received, raw in reader.messages(connections=connections):
                _append(samples, connection.topic, received, reader.deserialize(raw, connection.msgtype))
    except MemoryError:
        raise
    except Exception as error:  # rosbags raises errors of many classes for damaged files
        reason = "a record is damaged" if isinstance(error, INTERNAL) else " ".join(str(error).split())[:200]
        raise UserError(f"{path} cannot be read as a bag: {reason}") from None
    if TYPE in types and not samples:
        raise UserError(f"{path} has no message of the type {TYPE} with the name and a value of a joint")
    if not samples:
        raise UserError(f"{path} has no messages of the type {TYPE}; it contains {', '.join(types) or 'nothing'}")
    arrays = {key: np.array(rows) for key, rows in samples.items()}
    times = {key: _times(array[:, 0], array[:, 1]) for key, array in arrays.items()}
    start = min(time[0] for time in times.values())
    return [Recording(name, {key: Column(array[:, 2], times[key] - start) for key, array in arrays.items()})]


def _times(stamps: np.ndarray, received: np.ndarray) -> np.ndarray:
    """Return the times of the messages of a column. Two clocks cannot be mixed.

    The stamp of one message can be zero, because a simulation begins at zero.
    """
    return received if (stamps == 0).sum() > 1 else stamps


def _check_decompressed(path: Path) -> None:
    """Raise DiskFullError unless the folder for temporary files has room for the content of a compressed file."""
    from backports import zstd  # a requirement of rosbags

    free, size = free_space(Path(tempfile.gettempdir())), 0
    with zstd.open(path, "rb") as file:
        while block := file.read(BLOCK):
            size += len(block)
            if size > free:
                raise disk_full_error(Path(tempfile.gettempdir()), size)


def _largest_chunk(path: Path) -> int:
    """Return the largest size in bytes that the headers of the chunks of an MCAP file state."""
    largest, end = 0, path.stat().st_size
    with path.open("rb") as file:
        file.seek(len(MAGIC))
        while file.tell() < end and len(header := file.read(9)) == 9:
            kind, length = struct.unpack("<BQ", header)
            start = file.tell()
            if kind == CHUNK and len(times_and_size := file.read(24)) == 24:
                largest = max(largest, struct.unpack("<16xQ", times_and_size)[0])
            file.seek(min(start + length, end))
    return largest


def _append(samples: dict[str, list[tuple[float, float, float]]], topic: str, received: int, message: Any) -> None:
    """Append the values of a message, with its stamp and the time at which it was received."""
    stamp = message.header.stamp
    time = stamp.sec + 1e-9 * stamp.nanosec
    for field in FIELDS:
        for joint, value in zip(message.name, getattr(message, field), strict=False):
            samples[f"{topic.strip('/')}/{joint}.{field}"].append((time, 1e-9 * received, float(value)))
