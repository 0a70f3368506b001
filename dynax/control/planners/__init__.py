"""Planners: searches for the action sequence with the highest predicted return. Each file contains one.

Axes of arrays: N candidates, K knots, A entries of an action, E elites, H plan steps.
"""

from collections.abc import Mapping
from typing import Any

from dynax.config.options import build
from dynax.config.registries import PLANNERS
from dynax.control.planners.planner import Planner

__all__ = ["Planner", "make"]


def make(group: Mapping[str, Any]) -> Planner:
    """Return the planner of a config group `planner`.

    Raises:
        UserError: if the name or an option is unknown, or a value is invalid.
    """
    return build(PLANNERS, group)
