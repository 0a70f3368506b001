"""Architectures: one file for each network or structured model.

    structured                       base class of the models with equations of motion
    mlp, resnet, gru, transformer    generic networks
    network                          default options of the networks; it defines no network
    quadratic                        a network with the polynomial form of the equations of motion
    lagrangian, mechanical, rigid    equations of motion with learned terms
    residual                         equations of motion with given constants, and a network of further forces
    rigid_bodies                     base class of `rigid` and `residual`
    embedding                        the learned functions of `lagrangian`
    force_networks                   the networks of `residual`
    description                      titles, prior knowledge and notes for tables

Axes: h history, S entries of a state, A entries of an action, F features, D entries of a target, K entries of an
embedding, P products, nv degrees of freedom, nu actuators.
"""

from collections.abc import Mapping
from typing import Any

from dynax.architectures.gru import GRUDynamicsModel
from dynax.architectures.lagrangian import LagrangianDynamicsModel
from dynax.architectures.mechanical import MechanicalDynamicsModel
from dynax.architectures.mlp import MLPDynamicsModel
from dynax.architectures.quadratic import QuadraticDynamicsModel
from dynax.architectures.residual import ResidualDynamicsModel
from dynax.architectures.resnet import ResNetDynamicsModel
from dynax.architectures.rigid import RigidDynamicsModel
from dynax.architectures.transformer import TransformerDynamicsModel
from dynax.base import BaseDynamicsModel
from dynax.config.options import build
from dynax.config.registries import ARCHITECTURES
from dynax.envs.env import Env

__all__ = [
    "GRUDynamicsModel",
    "LagrangianDynamicsModel",
    "MLPDynamicsModel",
    "MechanicalDynamicsModel",
    "QuadraticDynamicsModel",
    "ResNetDynamicsModel",
    "ResidualDynamicsModel",
    "RigidDynamicsModel",
    "TransformerDynamicsModel",
    "make",
]


def make(env: Env, group: Mapping[str, Any]) -> BaseDynamicsModel:
    """Return the untrained model of a robot that the config group `model` describes.

    Args:
        env: the robot.
        group: the name of the architecture under `architecture`, and its options.

    Raises:
        UserError: for an unknown architecture or option, or an option that the robot does not support.
    """
    model = build(ARCHITECTURES, group, env=env)
    _ = model.layer  # raises for contacts that the constraint layer does not support
    return model
