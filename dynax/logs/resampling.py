"""Resampling: stretches of a log are split at gaps, and put on a regular grid of time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.interpolate import PchipInterpolator

from dynax.config.bounds import check_memory
from dynax.envs.unsupported import MAX_TIMESTEP, MIN_TIMESTEP
from dynax.errors import UserError
from dynax.logs.channels import Channel, Stretch
from dynax.logs.clock import GAP_INTERVALS, common, covered, is_regular, sampling_interval
from dynax.logs.mapping import LogMapping
from dynax.logs.report import Report

MIN_SAMPLES = 8  # of a segment
BYTES_PER_VALUE = 32.0  # of a segment and its copies
ROUNDING = 1e-6  # part of an interval by which a grid may exceed the last time stamp


@dataclass(frozen=True, eq=False)
class Segment:
    """Positions, velocities and actions at t samples of a regular grid."""

    recording: str  # name of the recording
    start: float  # time stamp of the first sample, s
    qpos: Float[np.ndarray, "t nq"]
    qvel: Float[np.ndarray, "t nq"] | None  # None: not measured
    action: Float[np.ndarray, "t u"]

    @property
    def steps(self) -> int:
        """Number of transitions."""
        return len(self.qpos) - 1

    def part(self, first: int, last: int) -> "Segment":
        """Return the samples `first` to `last` (exclusive), which must not be resampled afterwards."""
        cut = slice(first, last)
        qvel = None if self.qvel is None else self.qvel[cut]
        return Segment(self.recording, self.start, self.qpos[cut], qvel, self.action[cut])


def control_step(stretches: Sequence[Stretch], mapping: LogMapping, report: Report) -> float:
    """Return the sampling interval of the dataset, s: that of the mapping, or the median interval of the positions.

    Args:
        stretches: stretches whose channels have two or more samples, with increasing time stamps.
        mapping: the mapping.
        report: receives the changes of the interval.

    Raises:
        UserError: if the interval is too short or too long.
    """
    intervals = [sampling_interval(stretch[name].time) for stretch in stretches for name in mapping.qpos]
    dt = mapping.resample or float(np.median(intervals))
    if not (mapping.resample or MIN_TIMESTEP <= dt <= MAX_TIMESTEP):
        raise UserError(
            f"the samples of the log are {dt:g} s apart, but must be {MIN_TIMESTEP:g} to {MAX_TIMESTEP:g} s apart: "
            f"state the unit of the time stamps in the mapping, as in `units: {{{mapping.time or 'time'}: ns}}`"
        )
    for name in {name for stretch in stretches for name in stretch}:
        own = float(np.median([sampling_interval(stretch[name].time) for stretch in stretches]))
        if abs(own - dt) > 0.05 * dt:
            report.add("changed", name, f"resampled from {own:g} s to {dt:g} s")
    return dt


def segments(stretch: Stretch, mapping: LogMapping, dt: float, where: str, report: Report) -> list[Segment]:
    """Return the segments of a stretch: it is split where a channel has a gap, and resampled to the interval `dt`.

    Positions and velocities are interpolated by monotone cubic polynomials (Fritsch and Carlson 1980), actions
    linearly. A regular stretch with the interval `dt` keeps its samples.

    Args:
        stretch: the channels.
        mapping: the mapping.
        dt: sampling interval of the dataset, s.
        where: name of the recording.
        report: receives the findings.
    """
    intervals = None
    for channel in stretch.values():
        gap = mapping.gap or GAP_INTERVALS * max(sampling_interval(channel.time), dt)
        found = covered(channel.time, gap)
        intervals = found if intervals is None else common(intervals, found)
    result, dropped = [], 0.0
    for start, end in intervals or []:
        count = int(np.floor((end - start) / dt + ROUNDING)) + 1
        if count < MIN_SAMPLES:
            dropped += end - start
            continue
        check_memory(
            f"{where}, resampled from {start:g} s to {end:g} s in steps of {dt:g} s,",
            BYTES_PER_VALUE * count * len(stretch),
            "increase `resample:`, or decrease `gap:` if the log has long pauses",
        )
        result.append(_segment(stretch, mapping, start + dt * np.arange(count), where))
    if len(intervals or []) > 1:
        report.add("changed", where, f"split at {len(intervals or []) - 1} gaps into {len(result)} segments")
    if dropped:
        report.add("dropped", where, f"{dropped:.3g} s in pieces shorter than {MIN_SAMPLES} samples")
    return result


def _segment(stretch: Stretch, mapping: LogMapping, grid: np.ndarray, where: str) -> Segment:
    positions = [_at(stretch[name], grid, cubic=True) for name in mapping.qpos]
    rates = [_at(stretch[name], grid, cubic=True) for name in mapping.qvel]
    actions = [_at(stretch[name], grid, cubic=False) for name in mapping.action]
    action = np.stack(actions, axis=-1) if actions else np.zeros((len(grid), 0))
    qvel = np.stack(rates, axis=-1) if rates else None
    return Segment(where, float(grid[0]), np.stack(positions, axis=-1), qvel, action)


def _at(channel: Channel, grid: Float[np.ndarray, " t"], cubic: bool) -> Float[np.ndarray, " t"]:
    """Return a channel at the times of a grid within its time stamps."""
    start = int(np.searchsorted(channel.time, grid[0], side="right")) - 1
    stop = int(np.searchsorted(channel.time, grid[-1], side="left")) + 1
    time, values = channel.time[start:stop], channel.values[start:stop]
    if len(time) == len(grid) and is_regular(time, grid[1] - grid[0]):
        return values.copy()
    if cubic:
        return PchipInterpolator(time, values)(np.clip(grid, time[0], time[-1]))
    return np.interp(grid, time, values)


def interpolation_error(stretch: Stretch, mapping: LogMapping, dt: float) -> Mapping[str, float]:
    """Return an estimate of the error of resampled positions, by column.

    Every second sample is interpolated from its neighbors. At half that distance, the error of a cubic interpolation
    is an eighth. Noise decreases less, so that the estimate is then too small. The estimate is the root mean square.
    """
    errors = {}
    for name in mapping.qpos:
        time, values = stretch[name].time, stretch[name].values
        if len(time) < MIN_SAMPLES or is_regular(time, dt):
            continue
        missing = values[1:-1:2] - PchipInterpolator(time[::2], values[::2], extrapolate=True)(time[1:-1:2])
        errors[name] = float(np.sqrt(np.mean(missing**2))) / 8
    return errors
