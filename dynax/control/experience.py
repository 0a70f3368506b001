"""The true transitions of all episodes, as trajectories of equal length for a training."""

from dataclasses import dataclass

import numpy as np

from dynax.control.episodes import Episode
from dynax.data.trajectories import Trajectories
from dynax.envs import Env
from dynax.math.numeric_input import MAX_VALUE


@dataclass(frozen=True, eq=False)
class Experience:
    """The episodes of a controller, cut into segments."""

    segments: Trajectories
    transitions: int  # true transitions of all episodes, at least one for each

    @classmethod
    def empty(cls, env: Env, length: int) -> "Experience":
        """Return no experience, for segments of `length` control steps."""
        return cls(Trajectories(np.zeros((0, length + 1, env.state_dim)), np.zeros((0, length, env.action_dim))), 0)

    def with_episode(self, episode: Episode) -> "Experience":
        """Return the experience that includes an episode.

        If the last segment of the episode would be too short, it overlaps the segment before. Transitions after a
        divergence are not included.
        """
        length, valid = self.segments.actions.shape[1], np.all(np.abs(episode.states) < MAX_VALUE, axis=1)
        count = max(0, int(np.cumprod(valid).sum()) - 1)
        starts = sorted({*range(0, count - length + 1, length), *[count - length] * (count >= length)})
        states = [self.segments.states, *(episode.states[None, i : i + length + 1] for i in starts)]
        actions = [self.segments.actions, *(episode.actions[None, i : i + length] for i in starts)]
        segments = Trajectories(np.concatenate(states), np.concatenate(actions))
        return Experience(segments, self.transitions + max(1, count))

    def split(self, val_fraction: float) -> tuple[Trajectories, Trajectories]:
        """Return the segments for training, and those for validation, which are spread over all episodes.

        A single segment serves both.
        """
        data, count = self.segments, len(self.segments)
        if count == 1:
            return data, data
        chosen = np.zeros(count, bool)
        val = min(count - 1, max(1, round(val_fraction * count)))
        chosen[((np.arange(val) + 0.5) * count / val).astype(int)] = True
        train, validation = (Trajectories(data.states[part], data.actions[part]) for part in (~chosen, chosen))
        return train, validation
