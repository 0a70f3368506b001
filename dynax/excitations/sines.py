"""Sums of sines: smooth motion at several frequencies at once."""

from dataclasses import dataclass

import numpy as np

from dynax.errors import check_range
from dynax.excitations.excitation import Excitation


@dataclass(frozen=True)
class Sines(Excitation):
    """`waves` sines of random phase, weight and (log-uniform) frequency, their sum scaled to reach a bound once."""

    waves: int = 4
    lowest_frequency: float = 0.1  # Hz
    highest_frequency: float = 3.0  # Hz

    def __post_init__(self):
        check_range("excitation.waves", self.waves, 1)
        check_range("excitation.lowest_frequency", self.lowest_frequency, 0, open_low=True)
        check_range("excitation.highest_frequency", self.highest_frequency, self.lowest_frequency)

    def signal(self, rng: np.random.Generator, n: int, steps: int, dt: float, nu: int) -> np.ndarray:
        phase, weight, octave = np.moveaxis(rng.uniform(0, 1, (n, 3, self.waves, 1, nu)), 1, 0)  # each (n, waves, 1, u)
        frequency = self.lowest_frequency * (self.highest_frequency / self.lowest_frequency) ** octave
        time = dt * np.arange(steps)[:, None]
        path = np.sum(weight * np.sin(2 * np.pi * (frequency * time + phase)), axis=1)
        return path / np.maximum(np.abs(path).max(axis=1, keepdims=True), 1e-12)
