"""Networks: one short file each."""

from collections.abc import Mapping
from typing import Any

from dynax.architectures.lagrangian import LagrangianDynamicsModel
from dynax.architectures.mechanical import MechanicalDynamicsModel
from dynax.architectures.mlp import MLPDynamicsModel
from dynax.architectures.quadratic import QuadraticDynamicsModel
from dynax.architectures.resnet import ResNetDynamicsModel
from dynax.architectures.rigid import RigidDynamicsModel
from dynax.architectures.transformer import TransformerDynamicsModel
from dynax.base import BaseDynamicsModel
from dynax.config.options import build
from dynax.config.registry import ARCHITECTURES
from dynax.envs.env import Env

__all__ = [
    "LagrangianDynamicsModel",
    "MLPDynamicsModel",
    "MechanicalDynamicsModel",
    "QuadraticDynamicsModel",
    "ResNetDynamicsModel",
    "RigidDynamicsModel",
    "TransformerDynamicsModel",
    "make",
]


def make(env: Env, group: Mapping[str, Any]) -> BaseDynamicsModel:
    """The untrained model of `env` that the config group `model` describes.

    Raises `UserError` for an architecture or an option that is not there, or that the robot cannot have.
    """
    model = build(ARCHITECTURES, group, env=env)
    _ = model.layer  # made when asked for, and there may be contacts that it cannot follow
    return model
