"""Errors of predictions whose distribution given the spread is known."""

import numpy as np

OBSERVED = np.array([True, True, False])
FACTOR = 3.0  # ratio of the standard deviation of the error to the spread


def sample(seed, n=400, steps=60):
    """Return errors and spreads, which grow with time and differ between trajectories."""
    rng = np.random.default_rng(seed)
    growth = np.concatenate([[0], np.geomspace(1e-4, 0.3, steps)])
    spread = growth[None, :, None] * rng.lognormal(0, 0.7, (n, 1, 1)) * np.ones(3)
    return FACTOR * spread * rng.normal(size=spread.shape), spread
