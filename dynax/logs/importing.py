"""Import: a log as a dataset, with the origin of every column in its manifest."""

import dataclasses
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dynax.data.dataset import Dataset
from dynax.data.locks import discard_leftovers, locked
from dynax.data.manifest import directory_name
from dynax.data.trajectories import Trajectories
from dynax.data.writer import creating
from dynax.errors import UserError
from dynax.logs import blocks, delay, formats, smoothing
from dynax.logs.channels import cleaned, stretches
from dynax.logs.description import description_of, origin
from dynax.logs.machine import Machine, machine_of
from dynax.logs.mapping import LogMapping
from dynax.logs.nothing_left import reason
from dynax.logs.recording import Log
from dynax.logs.report import Report
from dynax.logs.resampling import MIN_SAMPLES, Segment, control_step, interpolation_error, segments


@dataclasses.dataclass(frozen=True, eq=False)
class Imported:
    """A dataset with the report of its import."""

    dataset: Dataset
    report: Report


def import_log(source: Path, mapping: LogMapping, root: str | Path, folder: Path = Path()) -> Imported:
    """Return the dataset `<root>/<machine>-<hash>` of a log; it is written unless it exists.

    Args:
        source: file or folder of the log.
        mapping: the meaning of its columns.
        root: the folder of all datasets.
        folder: folder of the mapping, to which the path of an MJCF is relative.

    Raises:
        UserError: if the log cannot be read, does not fit the mapping, or contains too few samples. Nothing is written.
    """
    log, report = formats.read(source), Report()
    parts, dt = _segments(log, mapping, report)
    machine = machine_of(mapping, _name(mapping.name or log.name), dt, folder)
    parts, velocities = _with_velocities(parts, mapping, dt, report)
    fit, test = blocks.split(parts, mapping, report)
    steps = blocks.block_steps(fit, test, mapping, dt)
    fit, test = (_long_enough(part, steps, dt, report) for part in (fit, test))
    trajectories = [*(kept := blocks.cut(fit, steps)), *blocks.cut(test, steps, len(fit))]
    content = {
        **origin(log, mapping, machine),
        "velocities": velocities,
        "noise_std": _noise([*fit, *test], machine),
        "delay_s": _delay(fit, machine, dt, report),
        "segments": [_facts(segment, is_test) for part, is_test in ((fit, False), (test, True)) for segment in part],
        "rows": [[block.segment, block.first] for block in trajectories],
        "test_rows": len(trajectories) - len(kept),
    }
    total = sum(segment.steps for segment in (*fit, *test))
    report.add(
        "kept", "all recordings", f"{total:,} transitions of {dt:g} s in {len(trajectories)} trajectories of {steps}"
    )
    description = description_of(machine, len(trajectories), steps, {**content, "report": report.as_list()})
    path = Path(root).absolute() / directory_name(description)
    _write(path, description, Trajectories(*blocks.arrays([*fit, *test], trajectories, steps)))
    return Imported(Dataset.open(path, description), report)


def _segments(log: Log, mapping: LogMapping, report: Report) -> tuple[list[Segment], float]:
    """Return all segments of a log, and their sampling interval."""
    angles = {name: mapping.kind(name) == "angle" for name in mapping.qpos}
    found = [
        (recording.name, cleaned(stretch, mapping, angles, recording.name, report))
        for recording in log.recordings
        for stretch in stretches(recording, mapping, report)
    ]
    for name, stretch in found:
        if short := next((column for column, channel in stretch.items() if len(channel.time) < 2), None):
            report.add("dropped", name, f"a stretch in which the column {short} has fewer than two values")
    found = [(name, stretch) for name, stretch in found if all(len(channel.time) > 1 for channel in stretch.values())]
    if not found:
        raise UserError(f"source={log.source} contains no usable samples: {reason(log, mapping, MIN_SAMPLES)}")
    dt = control_step([stretch for _, stretch in found], mapping, report)
    errors = [interpolation_error(stretch, mapping, dt) for _, stretch in found]
    for column in dict.fromkeys(key for error in errors for key in error):
        worst = max(error.get(column, 0.0) for error in errors)
        report.add("changed", column, f"interpolated at regular times, error at most about {worst:.1g}")
    parts = [part for name, stretch in found for part in segments(stretch, mapping, dt, name, report)]
    if not parts:
        raise UserError(f"source={log.source} contains no usable samples: {reason(log, mapping, MIN_SAMPLES)}")
    return parts, dt


def _with_velocities(
    parts: Sequence[Segment], mapping: LogMapping, dt: float, report: Report
) -> tuple[list[Segment], Any]:
    """Return segments with velocities, and their origin."""
    if mapping.qvel:
        return list(parts), "measured"
    smoothers = []
    for i, name in enumerate(mapping.qpos):
        if mapping.smooth_hz:
            smoother = smoothing.with_bandwidth(mapping.smooth_hz, dt)
        else:
            smoother = smoothing.choose([part.qpos[:, i] for part in parts], dt)
        smoothers.append(smoother)
        what = f"velocity estimated ({smoothing.NAME}, {smoother.window} samples, {smoother.bandwidth:.3g} Hz)"
        report.add("changed", name, what)
    result = [
        dataclasses.replace(part, qvel=np.stack([s.velocity(part.qpos[:, i]) for i, s in enumerate(smoothers)], axis=1))
        for part in parts
    ]
    windows = {
        name: {"window": s.window, "bandwidth_hz": s.bandwidth} for name, s in zip(mapping.qpos, smoothers, strict=True)
    }
    return result, {"estimated_by": smoothing.NAME, "columns": windows}


def _long_enough(parts: Sequence[Segment], steps: int, dt: float, report: Report) -> list[Segment]:
    kept = [part for part in parts if part.steps >= steps]
    if len(kept) < len(parts):
        seconds = sum(part.steps for part in parts if part.steps < steps) * dt
        what = (
            f"{len(parts) - len(kept)} segments shorter than a trajectory of {steps * dt:g} s, {seconds:.3g} s in all"
        )
        report.add("dropped", "all recordings", what)
    return kept


def _noise(parts: Sequence[Segment], machine: Machine) -> dict[str, float]:
    """Return the noise floor of each position and velocity, by label of the coordinate: the median over segments."""
    states = [np.concatenate([part.qpos, part.qvel], axis=1) for part in parts if part.qvel is not None]
    noise = [[smoothing.noise_std(column) for column in state.T] for state in states]
    return dict(zip(machine.env.space.labels, np.median(noise, axis=0).tolist(), strict=True))


def _delay(parts: Sequence[Segment], machine: Machine, dt: float, report: Report) -> float | None:
    steps = delay.estimate(parts, [coordinate.is_angle for coordinate in machine.coordinates])
    if steps is None:
        return None
    needed = 1 + int(np.ceil(steps - 0.25))
    advice = f"; a model needs model.history={needed} or more" if needed > 1 else ""
    report.add("noted", "actions", f"act {steps * dt:.3g} s after their sample ({steps:.1f} intervals){advice}")
    return steps * dt


def _facts(segment: Segment, is_test: bool) -> dict[str, Any]:
    return {"recording": segment.recording, "start_s": segment.start, "steps": segment.steps, "test": is_test}


def _write(path: Path, description: dict[str, Any], data: Trajectories) -> None:
    if path.exists():
        return
    with locked(path):
        if not path.exists():
            discard_leftovers(path.parent)
            with creating(path, description) as writer:
                writer.append(data)


def _name(text: str) -> str:
    return re.sub(r"[^\w.-]+", "_", text).strip("._") or "log"
