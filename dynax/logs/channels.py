"""From a recording to clean channels: each with increasing time stamps in seconds and values in the wanted unit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int

from dynax.errors import UserError
from dynax.logs import faults
from dynax.logs.clock import check_stamps
from dynax.logs.mapping import LogMapping
from dynax.logs.recording import Column, Recording
from dynax.logs.report import Report
from dynax.logs.units import UNITS, guess_unit
from dynax.math.numeric_input import MAX_VALUE

TURN = 2 * np.pi


@dataclass(frozen=True, eq=False)
class Channel:
    """The valid samples of one quantity."""

    time: Float[np.ndarray, " n"]  # s, increasing
    values: Float[np.ndarray, " n"]


Stretch = Mapping[str, Channel]  # the channels of a stretch of a recording, by column


def stretches(recording: Recording, mapping: LogMapping, report: Report) -> list[Stretch]:
    """Return the parts of a recording between backward jumps of its clock and changes of its episode.

    Raises:
        UserError: if a column is missing, or the recording has no time.
    """
    names = list(dict.fromkeys([*mapping.qpos, *mapping.qvel, *mapping.action]))
    columns = {
        name: _converted(recording.column(name, _key(name, mapping)), name, mapping, recording.name) for name in names
    }
    if all(column.time is not None for column in columns.values()):
        for key in ("time", "dt", "episode"):
            if getattr(mapping, key) is not None:
                report.add("noted", recording.name, f"`{key}:` is ignored, because each column has its own time stamps")
        return [{name: _own_clock(name, column, recording, report) for name, column in columns.items()}]
    time = _time(recording, mapping)
    rows = list(_rows(recording, mapping, time, report))
    if single := sum(len(part) == 1 for part in rows):
        report.add("dropped", recording.name, f"{single} samples without another one in the same stretch")
    return [
        {name: Channel(time[part], column.values[part]) for name, column in columns.items()}
        for part in rows
        if len(part) > 1
    ]


def cleaned(stretch: Stretch, mapping: LogMapping, angles: Mapping[str, bool], where: str, report: Report) -> Stretch:
    """Return the channels of a stretch without missing, stuck and saturated values, and without wrapping.

    Args:
        stretch: the channels.
        mapping: the mapping.
        angles: whether each position is an angle in rad.
        where: name of the recording, for the report.
        report: receives the findings.
    """
    result = {}
    for name, channel in stretch.items():
        place = f"{where}, {name}"
        channel = _without(channel, np.isnan(channel.values), place, "missing values (NaN)", report)
        channel = _without(channel, np.isinf(channel.values), place, "infinite values, or numbers above 1e308", report)
        if name not in mapping.action:
            found = faults.stuck(channel.values)
            channel = _without(channel, found.samples, place, f"values of {found.runs} stuck runs", report)
        high = faults.saturated(channel.values)
        if name in mapping.qvel:
            channel = _without(channel, high, place, "saturated values", report)
        elif high.any():
            report.add("noted", place, f"{high.mean():.1%} of the samples are at the highest or lowest value")
        result[name] = _unwrapped(channel, name, mapping, angles, place, report)
    return result


def _key(name: str, mapping: LogMapping) -> str:
    return next(key for key in ("qpos", "qvel", "action") if name in getattr(mapping, key))


def _converted(column: Column, name: str, mapping: LogMapping, where: str) -> Column:
    """Return a column in the unit of the dataset, with scale and offset of the mapping.

    Raises:
        UserError: if a value is so large that no training can use it.
    """
    factor = UNITS[mapping.units[name]][1] if name in mapping.units else 1.0
    with np.errstate(over="ignore"):
        values = column.values * (factor * mapping.scale.get(name, 1.0)) + mapping.offset.get(name, 0.0)
    if len(large := np.flatnonzero(np.isfinite(column.values) & ~(np.abs(values) < MAX_VALUE))):
        changed = " with `units:`, `scale:` and `offset:`" if values[large[0]] != column.values[large[0]] else ""
        raise UserError(
            f"{where}, sample {large[0] + 1}: {name} is {values[large[0]]:g}{changed}, and exceeds {MAX_VALUE:g}: "
            "correct the sample, or `scale:` in the mapping"
        )
    return replace(column, values=values)


def _time(recording: Recording, mapping: LogMapping) -> Float[np.ndarray, " n"]:
    """Return the time stamps of a recording in seconds."""
    if mapping.time is not None:
        unit = mapping.units.get(mapping.time) or guess_unit(mapping.time) or "s"
        if UNITS[unit][0] != "s":
            raise UserError(f"mapping.time: the column {mapping.time} has the unit {unit}, which is no unit of time")
        values = recording.column(mapping.time, "time").values
        finite = np.where(np.isfinite(values), values, np.nan)
        return (finite - np.nanmin(finite)) * UNITS[unit][1] if np.isfinite(values).any() else finite
    dt = mapping.dt or recording.dt
    if dt is None:
        raise UserError(
            f"the mapping has neither time nor dt: add `time: <column of the time stamps>` or `dt: <seconds>`; "
            f"the columns of {recording.name} are {', '.join(list(recording.columns)[:20])}"
        )
    return dt * np.arange(len(next(iter(recording.columns.values())).values))


def _rows(
    recording: Recording, mapping: LogMapping, time: np.ndarray, report: Report
) -> Iterator[Int[np.ndarray, " n"]]:
    """Yield the usable rows of each stretch of a table."""
    ends, totals = [0, len(time)], np.zeros(4, int)
    if mapping.episode is not None:
        episode = recording.column(mapping.episode, "episode").values
        ends, unnumbered = episode_ends(episode), np.isnan(episode)
        report.add("kept", recording.name, f"{len(ends) - 1} episodes, from the column {mapping.episode}")
        if unnumbered.any():
            what = f"{int(unnumbered.sum())} samples without a number in the column {mapping.episode}"
            report.add("dropped", recording.name, what)
            time = np.where(unnumbered, np.nan, time)
        totals[0] = -unnumbered.sum()
    for start, end in pairwise(ends):
        stamps = check_stamps(time[start:end])
        totals += stamps.missing, stamps.duplicates, stamps.glitches, stamps.jumps
        yield from (start + rows for rows in stamps.stretches)
    missing, duplicates, glitches, jumps = totals.tolist()
    for count, what in ((missing, "samples without a finite time stamp"),
                        (duplicates, "samples with a repeated time stamp"),
                        (glitches, "samples with a single wrong time stamp")):  # fmt: skip
        if count:
            report.add("dropped", recording.name, f"{count} {what}")
    if jumps:
        report.add("changed", recording.name, f"split at {jumps} backward jumps of the clock")


def episode_ends(episode: Float[np.ndarray, " n"]) -> list[int]:
    """Return 0, the rows at which the number of the episode changes, and n. Rows without a number are ignored."""
    numbered = np.flatnonzero(~np.isnan(episode))
    return [0, *numbered[1:][np.diff(episode[numbered]) != 0].tolist(), len(episode)]


def _own_clock(name: str, column: Column, recording: Recording, report: Report) -> Channel:
    """Return a channel with its own time stamps, in their order."""
    assert column.time is not None
    order = np.argsort(column.time, kind="stable")
    time, values = column.time[order], column.values[order]
    first = np.concatenate([[True], np.diff(time) > 0])
    if unordered := int((np.diff(column.time) < 0).sum()):
        report.add(
            "changed", f"{recording.name}, {name}", f"{unordered} samples put into the order of their time stamps"
        )
    if not first.all():
        report.add("dropped", f"{recording.name}, {name}", f"{int((~first).sum())} samples with a repeated time stamp")
    return Channel(time[first], values[first])


def _without(channel: Channel, bad: np.ndarray, place: str, what: str, report: Report) -> Channel:
    if not bad.any():
        return channel
    report.add("dropped", place, f"{int(bad.sum())} {what}")
    return Channel(channel.time[~bad], channel.values[~bad])


def _unwrapped(
    channel: Channel, name: str, mapping: LogMapping, angles: Mapping[str, bool], place: str, report: Report
) -> Channel:
    """Return a position without the jumps of an encoder that starts again after each turn."""
    period = mapping.wrap.get(name) or (TURN if angles.get(name) else None)
    if period is None:
        return channel
    if name in mapping.wrap and len(channel.values) and np.ptp(channel.values) > faults.MARGIN * period:
        report.add("noted", place, f"the values span more than the period {period:g} of `wrap:`, and are not unwrapped")
    values, jumps = faults.unwrapped(channel.values, period)
    if jumps:
        report.add("changed", place, f"{jumps} jumps of an encoder with the period {period:g} removed")
    return Channel(channel.time, values)
