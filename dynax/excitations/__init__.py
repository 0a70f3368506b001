"""Excitations: the action signals that drive a robot while data are collected. One short file each."""

from collections.abc import Mapping
from typing import Any

from dynax.config.options import options
from dynax.config.registry import implementation
from dynax.excitations.excitation import Excitation

__all__ = ["Excitation", "make"]


def make(group: Mapping[str, Any]) -> Excitation:
    """The excitation that the config group `excitation` describes. Raises `UserError` for one that is not there."""
    cls = implementation("dynax.excitations", group["name"], Excitation, "excitation.name")
    return cls(**options(cls, group, "excitation", besides=("name",)))
