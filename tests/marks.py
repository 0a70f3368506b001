"""Marks for single cases of a parametrized test."""

import pytest


def slow(*cases):
    """Return the cases with the mark `slow`. A tuple is a case with several arguments."""
    return [pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow) for case in cases]
