"""The limit of memory: the block may use what is available, and the limit ends with the block."""

import resource

import numpy as np
import pytest

from dynax.config import memory_limit
from dynax.config.memory_limit import limited_memory
from dynax.errors import UserError


def test_a_block_that_needs_too_much_memory_is_an_error(monkeypatch):
    before = resource.getrlimit(resource.RLIMIT_DATA)
    monkeypatch.setattr(memory_limit, "available_memory", lambda: 1e9)
    expected = pytest.raises(UserError, match=r"^it needs more memory than the 1 GB that are available: use less$")
    with expected, limited_memory("it", "use less"):
        np.empty(2 * 10**9, np.uint8)
    assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_a_block_may_use_the_available_memory(monkeypatch):
    monkeypatch.setattr(memory_limit, "available_memory", lambda: 1e9)
    with limited_memory("it", "use less"):
        assert np.empty(5 * 10**8, np.uint8).size == 5 * 10**8


def test_other_errors_are_unchanged():
    with pytest.raises(ZeroDivisionError), limited_memory("it", "use less"):
        raise ZeroDivisionError


def test_the_memory_for_data_is_positive():
    assert memory_limit.used_for_data() > 10**6
