"""Dynax: learned models of how robots move.

Importing it does nothing else: the names below load what they need when they are first used.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dynax.config.schema import TrainingConfig
    from dynax.errors import RunError, UserError
    from dynax.trained import TrainedModel, load
    from dynax.training.fitting import train_dynamics_model

__all__ = ["RunError", "TrainedModel", "TrainingConfig", "UserError", "load", "train_dynamics_model"]

_HOMES = {
    "RunError": "dynax.errors",
    "TrainedModel": "dynax.trained",
    "TrainingConfig": "dynax.config.schema",
    "UserError": "dynax.errors",
    "load": "dynax.trained",
    "train_dynamics_model": "dynax.training.fitting",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'dynax' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)
