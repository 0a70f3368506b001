"""What the marks of single cases are made of."""

import pytest


def slow(*cases):
    """The same cases, marked slow; one that is a tuple gives several arguments."""
    return [pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=pytest.mark.slow) for case in cases]
