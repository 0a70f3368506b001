"""The reason why no sample of a log can be used: a clause about the column that is the cause."""

from collections.abc import Sequence

import numpy as np

from dynax.logs.channels import episode_ends
from dynax.logs.mapping import LogMapping
from dynax.logs.recording import Log, Recording


def reason(log: Log, mapping: LogMapping, samples: int) -> str:
    """Return the likely reason as a clause, which begins with a key of the mapping if a column is the cause.

    Args:
        log: the log.
        mapping: the mapping, whose columns all recordings have.
        samples: number of samples that a stretch must have.
    """
    recordings = log.recordings
    longest = max(len(recording.column(mapping.qpos[0], "qpos").values) for recording in recordings)
    if longest < samples:
        return f"the longest recording or episode has {longest} samples, but at least {samples} are necessary"
    keys = {"qpos": mapping.qpos, "qvel": mapping.qvel, "action": mapping.action}
    if _is_table(recordings, mapping):
        keys = {"time": mapping.time, "episode": mapping.episode, **keys}
    for key, names in keys.items():
        for name in [names] if isinstance(names, str) else names or ():
            if not any(np.isfinite(recording.column(name, key).values).any() for recording in recordings):
                return f"{key}: the column {name} has no finite number"
    found = _fault_of_episodes(recordings, mapping, samples) or _fault_of_time(recordings, mapping)
    interval = f", {mapping.resample:g} s apart," if mapping.resample else ""
    return found or (
        f"there is no stretch of {samples} or more samples{interval} in which all columns have values: "
        f"check the columns,{' decrease `resample:`,' if interval else ''} and increase `gap:` if the channels have "
        "long pauses"
    )


def _is_table(recordings: Sequence[Recording], mapping: LogMapping) -> bool:
    """Return whether the rows of the columns belong together. Otherwise, each column has its own time stamps."""
    return any(recording.column(mapping.qpos[0], "qpos").time is None for recording in recordings)


def _fault_of_episodes(recordings: Sequence[Recording], mapping: LogMapping, samples: int) -> str | None:
    """Return a clause about a column whose value changes too often for an episode."""
    if mapping.episode is None or not _is_table(recordings, mapping):
        return None
    ends = [episode_ends(recording.column(mapping.episode, "episode").values) for recording in recordings]
    longest, changes = max(int(np.diff(rows).max()) for rows in ends), sum(len(rows) - 2 for rows in ends)
    if longest >= samples:
        return None
    return (
        f"episode: the column {mapping.episode} changes {changes} times, and the longest episode has {longest} samples "
        f"instead of {samples} or more: name a column that is constant in each episode"
    )


def _fault_of_time(recordings: Sequence[Recording], mapping: LogMapping) -> str | None:
    """Return a clause about time stamps that do not increase."""
    if _is_table(recordings, mapping):
        if (name := mapping.time) is None:
            return None
        advice = "sort the samples by time, or name another column under `time` in the mapping"
        times = [recording.column(name, "time").values for recording in recordings]
    else:
        advice = "record the log with a clock that runs"
        columns = [recording.column(name := mapping.qpos[0], "qpos") for recording in recordings]
        times = [column.time for column in columns if column.time is not None]
    steps = np.concatenate([np.diff(time[np.isfinite(time)]) for time in times])
    if (steps > 0).any():
        return None
    fault = "never increase" if steps.any() else "are all equal"
    return f"time: the time stamps of {name} {fault}: {advice}"
