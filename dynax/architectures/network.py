"""Default options of the shipped networks. It defines no network."""

import dataclasses
from typing import Any

from dynax.base import BaseDynamicsModel


class NetworkDynamicsModel(BaseDynamicsModel):
    """A network with the representation that predicts best: each of these defaults reduces the error of rollouts."""

    angles: str = "sincos"
    target: str = "acceleration"
    constraints: str = "features"
    drop_invariant: bool = True
    frame: str = "robot"


def constant(value: Any) -> Any:
    """Return a field that is not an option: it has the same value in all models of an architecture."""
    return dataclasses.field(default=value, init=False)
