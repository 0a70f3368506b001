"""Mean and standard deviation of features, actions and targets."""

import math

import numpy as np
from jaxtyping import Array, Float

from dynax.base import BaseDynamicsModel, Variables
from dynax.data.trajectories import Trajectories

MAX_NUMBERS = 100_000_000  # numbers that feature statistics are computed from
MAX_RARE_FEATURE = 10.0  # standard deviations from the mean at which a rarely nonzero feature lies
MIN_STD = 1e-8  # a quantity with a smaller standard deviation is constant in the data


def normalization_of(model: BaseDynamicsModel, data: Trajectories) -> Variables:
    """Return mean and standard deviation (float32) of features, actions and targets over the transitions of `data`.

    Features of a rare contact are zero almost everywhere, so their standard deviation is tiny. It is enlarged so that
    an active contact lies at most about `MAX_RARE_FEATURE` standard deviations from the mean. Otherwise rare inputs
    dominate the network.

    Feature statistics use evenly spaced transitions, at most `MAX_NUMBERS` numbers.
    """
    states, following = data.states[:, :-1], data.states[:, 1:]
    stride = 1 + states[..., 0].size * model.feature_dim // MAX_NUMBERS
    features = model.features(states.reshape(-1, states.shape[-1])[::stride])
    raw = {"features": features, "actions": data.actions, "target": model.targets(states, following)}
    statistics = {name: _statistics(values) for name, values in raw.items()}
    nonzero = _rms_where_nonzero(features, statistics["features"]["mean"])
    statistics["features"]["std"] = np.maximum(statistics["features"]["std"], nonzero / MAX_RARE_FEATURE)
    return statistics


def _rms_where_nonzero(
    features: Float[np.ndarray | Array, "*batch F"], mean: Float[np.ndarray, " F"]
) -> Float[np.ndarray, " F"]:
    """Return the root mean square distance from `mean` over the entries of each feature that are not zero."""
    flat = np.asarray(features).reshape(-1, features.shape[-1]).astype(np.float64)
    nonzero = flat != 0
    squares = np.square(flat - mean, where=nonzero, out=np.zeros_like(flat)).sum(axis=0)
    return np.sqrt(squares / np.maximum(nonzero.sum(axis=0), 1)).astype(np.float32)


def _statistics(values: Float[np.ndarray | Array, "*batch n"]) -> dict[str, Float[np.ndarray, " n"]]:
    flat = np.asarray(values).reshape(math.prod(values.shape[:-1]), values.shape[-1]).astype(np.float64)
    std = flat.std(axis=0)
    std = np.where(std < MIN_STD, 1.0, std)
    return {"mean": flat.mean(axis=0).astype(np.float32), "std": std.astype(np.float32)}
