"""Check of the variables from which a training starts."""

from typing import Any

import jax
import numpy as np

from dynax.base import BaseDynamicsModel, Variables
from dynax.errors import UserError
from dynax.runs.saved_model import variables_template


def check_initial(model: BaseDynamicsModel, init: Variables, normalization: Variables | None = None) -> None:
    """Raise `UserError` unless `init` has the arrays of `model` and the normalization of a prepared training set.

    Args:
        model: the model.
        init: the variables.
        normalization: the normalization of the training set, if it is prepared.
    """
    expected, found = _shapes(variables_template(model)), _shapes(init)
    for name in (name for name in {**expected, **found} if expected.get(name) != found.get(name)):
        raise UserError(
            f"init does not fit the model: {name} has shape {found.get(name)}, and the model expects "
            f"{expected.get(name)}; choose the same options and a robot with the same states, actions and contacts",
            "init",
        )
    if normalization is not None and not _equal(normalization, init["normalization"]):
        raise UserError(
            "init has another normalization than the training set: create it with "
            "TrainingSet.of(model, data, init['normalization'])",
            "init",
        )


def _shapes(variables: Variables) -> dict[str, tuple[int, ...]]:
    """Return the shape of each array by its path."""
    leaves, _ = jax.tree_util.tree_flatten_with_path(dict(variables))
    return {jax.tree_util.keystr(path, simple=True, separator="/"): np.shape(leaf) for path, leaf in leaves}


def _equal(one: Any, other: Any) -> bool:
    return all(jax.tree.leaves(jax.tree.map(np.array_equal, dict(one), dict(other))))
