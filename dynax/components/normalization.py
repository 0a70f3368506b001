"""Normalization of features, actions and targets by their mean and standard deviation."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

Statistics = Mapping[str, Any]  # {"mean": array (n,), "std": array (n,)}


def normalize(statistics: Statistics, values: Float[Any, "... n"]) -> Float[Any, "... n"]:
    """Return `values` with zero mean and unit standard deviation."""
    return (values - statistics["mean"]) / statistics["std"]


def denormalize(statistics: Statistics, values: Float[Any, "... n"]) -> Float[Any, "... n"]:
    """Return normalized `values` in their original units; the inverse of `normalize`."""
    return values * statistics["std"] + statistics["mean"]


def identity_statistics(**sizes: int) -> dict[str, dict[str, np.ndarray]]:
    """Return the statistics of the normalization that changes nothing.

    Args:
        sizes: number of entries of each normalized array, by name.

    Returns:
        By name, {"mean": zeros, "std": ones}, float32.
    """
    return {name: {"mean": np.zeros(n, np.float32), "std": np.ones(n, np.float32)} for name, n in sizes.items()}
