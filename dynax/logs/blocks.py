"""Blocks: segments cut into trajectories of one length, which a dataset stores."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from dynax.errors import UserError
from dynax.logs.mapping import LogMapping
from dynax.logs.report import Report
from dynax.logs.resampling import MIN_SAMPLES, Segment

MAX_STEPS = 500  # of a block
MIN_BLOCKS, FEW_BLOCKS = 10, 4  # of the part for training, if the log is long enough
ENOUGH_STEPS = 250  # a block of so many transitions is long enough for `training=log`
KEPT_SHARE = 0.95  # of the transitions, which the segments that are as long as a block must contain
TEST_FRACTION = 0.1
MIN_RECORDINGS = 10  # with fewer recordings, the end of each segment is kept for testing


@dataclass(frozen=True)
class Block:
    """A trajectory of a dataset: the samples of a segment from `first` on."""

    segment: int
    first: int


def split(segments: Sequence[Segment], mapping: LogMapping, report: Report) -> tuple[list[Segment], list[Segment]]:
    """Return the segments for training and validation, and those that are kept for testing.

    The second list has the files of `test:`, or the last recordings, or the end of each segment.

    Raises:
        UserError: if `test:` names a recording that does not exist, or nothing is left for training.
    """
    names = list(dict.fromkeys(segment.recording for segment in segments))
    fraction = TEST_FRACTION if mapping.test_fraction is None else mapping.test_fraction
    if mapping.test:
        chosen = {name for entry in mapping.test for name in _matching(entry, names)}
    elif len(names) >= MIN_RECORDINGS:
        chosen = set(names[len(names) - max(1, round(fraction * len(names))) :]) if fraction else set()
    else:
        return _ends(segments, fraction, report)
    fit = [segment for segment in segments if segment.recording not in chosen]
    test = [segment for segment in segments if segment.recording in chosen]
    if not fit:
        raise UserError("mapping.test names all recordings, and nothing is left for training")
    if test:
        report.add("kept", ", ".join(sorted(chosen)), "for testing")
    return fit, test


def _matching(entry: str, names: Sequence[str]) -> list[str]:
    found = [name for name in names if entry in (name, name.partition(":")[0])]
    if not found:
        raise UserError(f"mapping.test: {entry or repr(entry)} is no recording of the log; they are {', '.join(names)}")
    return found


def _ends(segments: Sequence[Segment], fraction: float, report: Report) -> tuple[list[Segment], list[Segment]]:
    fit, test = [], []
    for segment in segments:
        last = len(segment.qpos) - round(fraction * len(segment.qpos))
        if not fraction or min(last, len(segment.qpos) - last) < MIN_SAMPLES:
            fit.append(segment)
            continue
        fit.append(segment.part(0, last))
        test.append(segment.part(last, len(segment.qpos)))
    if test:
        report.add("kept", "all recordings", f"the last {fraction:.0%} of each segment for testing")
    return fit, test


def block_steps(segments: Sequence[Segment], test: Sequence[Segment], mapping: LogMapping, dt: float) -> int:
    """Return the length of the blocks in transitions.

    It is the largest length up to `MAX_STEPS` for which few transitions lie in shorter segments, and which gives
    several blocks. A short log has fewer blocks, so that they are long enough.

    Raises:
        UserError: if no segment is as long as `block:`.
    """
    lengths = np.sort([segment.steps for segment in segments])
    if mapping.block is not None:
        steps = max(1, round(mapping.block / dt))
        if steps > lengths[-1]:
            raise UserError(
                f"mapping.block={mapping.block:g} is longer than the longest segment, {lengths[-1] * dt:g} s"
            )
        return steps
    remaining = lengths[::-1].cumsum()[::-1] / lengths.sum()
    longest = int(lengths[remaining >= KEPT_SHARE].max())
    total, testable = int(lengths.sum()), max((segment.steps for segment in test), default=MAX_STEPS)
    several = max(min(ENOUGH_STEPS, total // FEW_BLOCKS, testable), total // MIN_BLOCKS)
    return max(MIN_SAMPLES - 1, min(MAX_STEPS, longest, several))


def cut(segments: Sequence[Segment], steps: int, first_segment: int = 0) -> list[Block]:
    """Return the blocks of all segments. The last block of a segment overlaps the one before it.

    Args:
        segments: the segments.
        steps: transitions of a block.
        first_segment: number of the first segment.
    """
    blocks = []
    for number, segment in enumerate(segments, first_segment):
        starts = list(range(0, segment.steps - steps + 1, steps))
        if starts and starts[-1] + steps < segment.steps:
            starts.append(segment.steps - steps)
        blocks += [Block(number, start) for start in starts]
    return blocks


def arrays(
    segments: Sequence[Segment], blocks: Sequence[Block], steps: int
) -> tuple[Float[np.ndarray, "n steps s"], Float[np.ndarray, "n t u"]]:
    """Return the states and actions of blocks."""
    states = [np.concatenate([segment.qpos, segment.qvel], axis=1) for segment in segments if segment.qvel is not None]
    rows = [states[block.segment][block.first : block.first + steps + 1] for block in blocks]
    actions = [segments[block.segment].action[block.first : block.first + steps] for block in blocks]
    return np.stack(rows), np.stack(actions)
