"""The whole trajectories of a dataset, whose rows can be blocks of longer trajectories."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from dynax.data.dataset import Dataset


@dataclass(frozen=True, eq=False)
class WholeTrajectory:
    """A trajectory of T steps without gaps."""

    name: str
    states: Float[np.ndarray, "t1 s"]  # T + 1 states
    actions: Float[np.ndarray, "t u"]  # T actions


def whole_trajectories(dataset: Dataset) -> list[WholeTrajectory]:
    """Return the trajectories of a dataset. The blocks of a segment of a log are joined.

    A part of a split contains some of the blocks of a segment. Only the span between the first and the last of them is
    returned.
    """
    data = dataset.read()
    if not dataset.is_log:
        return [WholeTrajectory(str(i), *pair) for i, pair in enumerate(zip(data.states, data.actions, strict=True))]
    log = dataset.manifest["log"]
    trajectory_starts = [log["rows"][row] for row in dataset.rows]  # segment and first sample
    result = []
    for segment in dict.fromkeys(segment for segment, _ in trajectory_starts):
        mine = [i for i, (other, _) in enumerate(trajectory_starts) if other == segment]
        begin, steps = min(trajectory_starts[i][1] for i in mine), data.actions.shape[1]
        end = max(trajectory_starts[i][1] for i in mine) + steps
        states = np.empty((end - begin + 1, data.states.shape[2]))
        actions = np.empty((end - begin, data.actions.shape[2]))
        for i in mine:
            first = trajectory_starts[i][1] - begin
            states[first : first + steps + 1], actions[first : first + steps] = data.states[i], data.actions[i]
        result.append(WholeTrajectory(log["segments"][segment]["recording"], states, actions))
    return result
