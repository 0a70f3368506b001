"""Trajectories in memory, and how they are split."""

from dataclasses import dataclass

import numpy as np

from dynax.errors import UserError


@dataclass(frozen=True, eq=False)
class Trajectories:
    """Trajectories in memory: what training takes."""

    states: np.ndarray  # (n, t + 1, s) float64 or float32, rad, m and their rates
    actions: np.ndarray  # (n, t, u) the control held from state t to state t + 1

    def __post_init__(self):
        n, steps = self.actions.shape[:2]
        if self.states.ndim != 3 or self.actions.ndim != 3 or self.states.shape[:2] != (n, steps + 1):
            shapes = f"states {self.states.shape} and actions {self.actions.shape}"
            raise ValueError(f"{shapes} must be (n, t + 1, s) and (n, t, u)")

    def __len__(self) -> int:
        return len(self.actions)

    @property
    def num_transitions(self) -> int:
        return self.actions.shape[0] * self.actions.shape[1]

    def split(self, val_fraction: float) -> tuple["Trajectories", "Trajectories"]:
        """Whole trajectories for training, and the last `val_fraction` of them for validation."""
        n = train_size(len(self), val_fraction)
        return Trajectories(self.states[:n], self.actions[:n]), Trajectories(self.states[n:], self.actions[n:])


def train_size(n: int, val_fraction: float) -> int:
    """How many of `n` trajectories train, where `val_fraction` of them, and at least one, validate."""
    val = max(1, round(n * val_fraction))
    if val >= n:
        raise UserError(
            f"{n} trajectories cannot be split for training and validation with val_fraction={val_fraction:g}"
        )
    return n - val
