"""Dynax: learned dynamics models of robots.

Importing this package has no side effects. Each name is imported from its module on first use.
"""

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from dynax.config.schema import EvalConfig, TrainingConfig
    from dynax.envs.env import Env
    from dynax.errors import RunError, UserError
    from dynax.evaluation import evaluate  # pyright: ignore[reportAttributeAccessIssue]
    from dynax.trained import TrainedModel, load
    from dynax.training.fitting import train_dynamics_model

__all__ = [
    "Env",
    "EvalConfig",
    "RunError",
    "TrainedModel",
    "TrainingConfig",
    "UserError",
    "evaluate",
    "load",
    "train_dynamics_model",
]

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submodules=["control", "gym"],
    submod_attrs={
        "config.schema": ["EvalConfig", "TrainingConfig"],
        "envs.env": ["Env"],
        "errors": ["RunError", "UserError"],
        "evaluation": ["evaluate"],
        "trained": ["TrainedModel", "load"],
        "training.fitting": ["train_dynamics_model"],
    },
)
