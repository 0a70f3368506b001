"""Excitations: random action signals that drive a robot while data are collected. Each file contains one.

Axes of arrays: n trajectories, t control steps, u entries of an action.
"""

from collections.abc import Mapping
from typing import Any

from dynax.config.options import build
from dynax.config.registries import EXCITATIONS
from dynax.excitations.excitation import Excitation

__all__ = ["Excitation", "make"]


def make(group: Mapping[str, Any]) -> Excitation:
    """Return the excitation of a config group `excitation`.

    Raises:
        UserError: if the name or an option is unknown, or a value is invalid.
    """
    return build(EXCITATIONS, group)
