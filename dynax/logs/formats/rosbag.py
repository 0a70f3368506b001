"""MCAP files and ROS 2 bags with messages of the type `sensor_msgs/msg/JointState`.

A column is called `<topic>/<joint>.position`, `.velocity` or `.effort`. Its time stamps are those of the messages.
"""

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from dynax.errors import UserError
from dynax.logs.recording import Column, Recording

TYPE = "sensor_msgs/msg/JointState"
FIELDS = ("position", "velocity", "effort")


def files(path: Path) -> list[Path]:
    """Return the files of a bag."""
    if path.is_file():
        return [path]
    return sorted(file for file in path.iterdir() if file.suffix in (".yaml", ".mcap", ".db3"))


def read(path: Path, name: str) -> list[Recording]:
    """Return the recording of a bag.

    Raises:
        UserError: if the bag is damaged, or has no messages of joint states.
    """
    samples: dict[str, list[tuple[float, float]]] = defaultdict(list)
    import rosbags.highlevel
    import rosbags.typesys

    store = rosbags.typesys.get_typestore(rosbags.typesys.Stores.ROS2_HUMBLE)
    try:
        with rosbags.highlevel.AnyReader([path], default_typestore=store) as reader:
            connections = [x for x in reader.connections if x.msgtype == TYPE]
            types = sorted({x.msgtype for x in reader.connections})
            for connection, received, raw in reader.messages(connections=connections):
                _append(samples, connection.topic, received, reader.deserialize(raw, connection.msgtype))
    except Exception as error:  # rosbags raises errors of many classes for damaged files
        raise UserError(f"{path} cannot be read as a bag: {' '.join(str(error).split())}") from None
    if not samples:
        found = ", ".join(types) or "nothing"
        raise UserError(f"{path} has no messages of the type {TYPE}; it contains {found}")
    start = min(values[0][0] for values in samples.values())
    columns = {
        key: Column(values=np.array([v for _, v in values]), time=np.array([t - start for t, _ in values]))
        for key, values in samples.items()
    }
    return [Recording(name, columns)]


def _append(samples: dict[str, list[tuple[float, float]]], topic: str, received: int, message: Any) -> None:
    """Append the values of a message. A message without a stamp has the time at which it was received."""
    stamp = message.header.stamp
    time = stamp.sec + 1e-9 * stamp.nanosec or 1e-9 * received
    for field in FIELDS:
        for joint, value in zip(message.name, getattr(message, field), strict=False):
            samples[f"{topic.strip('/')}/{joint}.{field}"].append((time, float(value)))
