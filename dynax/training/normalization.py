"""Mean and standard deviation of features, actions and targets."""

import math
from collections.abc import Iterator

import numpy as np
from jaxtyping import Array, Float

from dynax.base import BaseDynamicsModel, Variables
from dynax.data.trajectories import Trajectories

MAX_NUMBERS = 100_000_000  # numbers that feature statistics are computed from
MAX_RARE_FEATURE = 10.0  # standard deviations from the mean at which a rarely nonzero feature lies
BLOCK_NUMBERS = 20_000_000  # approximate number of numbers that statistics are computed from at once
MIN_COLUMNS = 8  # smallest number of columns that are processed at once, if there are more
MIN_STD = 1e-8  # a quantity with a smaller standard deviation is constant in the data


def normalization_of(
    model: BaseDynamicsModel, data: Trajectories, contacts: Float[np.ndarray, "M Fc"] | None = None
) -> Variables:
    """Return mean and standard deviation (float32) of features, actions and targets over the transitions of `data`.

    Features of a rare contact are zero almost everywhere, so their standard deviation is tiny. It is enlarged so that
    an active contact lies at most about `MAX_RARE_FEATURE` standard deviations from the mean. Otherwise rare inputs
    dominate the network.

    Feature statistics use evenly spaced transitions, at most `MAX_NUMBERS` numbers.

    Args:
        model: defines features and targets.
        data: trajectories of the model's robot.
        contacts: contact features of all transitions, if they are already known.
    """
    states, following = data.states[:, :-1], data.states[:, 1:]
    stride = 1 + states[..., 0].size * model.feature_dim // MAX_NUMBERS
    known = None if contacts is None else contacts[::stride]
    features = model.representation.features(states.reshape(-1, states.shape[-1])[::stride], known)
    raw = {"features": features, "actions": data.actions, "target": model.targets(states, following)}
    statistics = {name: _statistics(values) for name, values in raw.items()}
    nonzero = _rms_where_nonzero(features, statistics["features"]["mean"])
    statistics["features"]["std"] = np.maximum(statistics["features"]["std"], nonzero / MAX_RARE_FEATURE)
    return statistics


def _rms_where_nonzero(
    features: Float[np.ndarray | Array, "*batch F"], mean: Float[np.ndarray, " F"]
) -> Float[np.ndarray, " F"]:
    """Return the root mean square distance from `mean` over the entries of each feature that are not zero."""
    flat = np.asarray(features).reshape(-1, features.shape[-1])
    result = np.empty(flat.shape[1], np.float32)
    for column in _columns(flat):
        block = flat[:, column].astype(np.float64)
        nonzero = block != 0
        squares = np.square(block - mean[column], where=nonzero, out=np.zeros_like(block)).sum(axis=0)
        result[column] = np.sqrt(squares / np.maximum(nonzero.sum(axis=0), 1))
    return result


def _columns(flat: Float[np.ndarray, "M F"]) -> Iterator[slice]:
    """Yield slices of the columns, to bound the memory of statistics.

    NumPy adds the rows of narrow arrays in another order, which changes the last bits. No slice is therefore narrow.
    """
    width = max(MIN_COLUMNS, BLOCK_NUMBERS // max(1, len(flat)))
    count = max(1, flat.shape[1] // width)
    bounds = np.linspace(0, flat.shape[1], count + 1).astype(int).tolist()
    return map(slice, bounds[:-1], bounds[1:])


def _statistics(values: Float[np.ndarray | Array, "*batch n"]) -> dict[str, Float[np.ndarray, " n"]]:
    flat = np.asarray(values).reshape(math.prod(values.shape[:-1]), values.shape[-1])
    mean, std = np.empty((2, flat.shape[1]), np.float32)
    for column in _columns(flat):
        block = flat[:, column].astype(np.float64)
        deviation = block.std(axis=0)
        mean[column], std[column] = block.mean(axis=0), np.where(deviation < MIN_STD, 1.0, deviation)
    return {"mean": mean, "std": std}
