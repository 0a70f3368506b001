"""A mapping that is drafted from the names, the units and the sampling of a log, for the user to edit."""

import re
from collections.abc import Iterable, Sequence

import numpy as np
import yaml

from dynax.errors import UserError
from dynax.logs.clock import sampling_interval
from dynax.logs.mapping import LogMapping
from dynax.logs.recording import Log, Recording
from dynax.logs.units import UNITS, guess_unit

ROLES = {  # words in the names of columns; earlier roles take precedence
    "time": {"time", "t", "timestamp", "timestamps", "stamp", "clock"},
    "action": {
        "action",
        "actions",
        "tau",
        "torque",
        "effort",
        "ctrl",
        "control",
        "u",
        "input",
        "voltage",
        "force",
        "current",
    },
    "qvel": {"vel", "velocity", "velocities", "qvel", "dq", "qd", "qdot", "speed", "rate", "omega"},
    "qpos": {"pos", "position", "positions", "qpos", "q", "angle", "theta", "output", "state", "x", "y"},
}
OTHER = {"cmd", "des", "desired", "ref", "reference", "target", "setpoint", "next"}  # commands, not measurements
MARKS = {"episode_index", "episode_id", "episode", "trajectory", "traj"}  # columns that number the episodes


def draft(log: Log) -> LogMapping:
    """Return a mapping that fits the first recording of a log.

    Raises:
        UserError: if no column has a name of a position.
    """
    recording = log.recordings[0]
    chosen = _roles(recording)
    if not chosen["qpos"]:
        raise UserError(
            f"source={log.source}: no column has a name like a position; write a mapping with `qpos:`, from "
            f"the columns {', '.join(list(recording.columns)[:40])}"
        )
    own_clock = all(column.time is not None for column in recording.columns.values())
    time = None if own_clock or not chosen["time"] else chosen["time"][0]
    qvel = chosen["qvel"] if len(chosen["qvel"]) == len(chosen["qpos"]) else []
    used = [*chosen["qpos"], *qvel, *chosen["action"]]
    units = {name: unit for name in used if (unit := guess_unit(name)) and UNITS[unit][1] != 1}
    return LogMapping(tuple(chosen["qpos"]), tuple(qvel), tuple(chosen["action"]), time, units=units)


def text(log: Log, mapping: LogMapping) -> str:
    """Return a mapping as the text of a YAML file, with comments about the log."""
    recording = log.recordings[0]
    lines = [
        f"# Drafted from {log.source.name} ({log.format}, {len(log.recordings)} recordings). Check every line.",
        *_time_lines(mapping, recording),
        _line("qpos", mapping.qpos),
        _line("qvel", mapping.qvel) if mapping.qvel else "# qvel: []  # without it, velocities are estimated",
        _line("action", mapping.action),
    ]
    if mapping.units:
        lines.append(f"units: {_flow(dict(mapping.units))}  # these columns are converted to SI units")
    unknown = [name for name in mapping.qpos if guess_unit(name) is None]
    if unknown:
        lines.append(
            f"# units: {_flow(dict.fromkeys(unknown, 'rad'))}  # if they are angles; they count as lengths now"
        )
    unused = [name for name in recording.columns if name not in mapping.columns]
    if unused:
        lines.append(f"# columns without a meaning: {', '.join(unused)}")
    if len(log.recordings) > 1:
        lines.append(f"# test: [{log.recordings[-1].name}]  # recordings that are kept for testing")
    return "\n".join(lines) + "\n"


def _time_lines(mapping: LogMapping, recording: Recording) -> list[str]:
    if mapping.time is None:
        known = recording.dt is not None or all(column.time is not None for column in recording.columns.values())
        return [] if known else ["dt: 0.01  # no column of time stamps was found: state the sampling interval [s]"]
    unit = guess_unit(mapping.time) or "s"
    time = recording.columns[mapping.time].values * UNITS[unit][1]
    interval = sampling_interval(time[np.isfinite(time)])
    return [f"time: {_flow(mapping.time)}  # [{unit}], median interval {interval:g} s"]


def _line(key: str, names: Sequence[str]) -> str:
    units = [guess_unit(name) or "unknown unit" for name in names]
    return f"{key}: {_flow(list(names))}" + (f"  # {', '.join(units)}" if names else "")


def _flow(value: object) -> str:
    return yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False).split("\n...")[0].strip()


def _roles(recording: Recording) -> dict[str, list[str]]:
    """Return the columns of each role."""
    found: dict[str, list[str]] = {role: [] for role in ROLES}
    for name in recording.columns:
        words = _words(name)
        role = next((role for role, known in ROLES.items() if words & known), None)
        if role and name not in MARKS:
            found[role].append(name)
    for role, names in found.items():
        measured = [name for name in names if not _words(name) & OTHER]
        found[role] = measured or names
    return found


def _words(name: str) -> set[str]:
    return set(_split(name))


def _split(name: str) -> Iterable[str]:
    return re.findall(r"[a-z]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower())
