"""Test the settings of the test suite itself."""

import os

import pytest
from hypothesis import settings


def test_hypothesis_draws_the_same_examples_in_each_run_of_ci():
    assert settings.default.derandomize == bool(os.environ.get("CI"))
    assert settings.default.deadline is None


@pytest.mark.parametrize("optimized", [False, pytest.param(True, marks=pytest.mark.optimized)])
def test_only_tests_marked_optimized_compile_with_optimizations(optimized):
    import jax

    assert jax.config.read("jax_disable_most_optimizations") != optimized
    assert (os.environ["JAX_DISABLE_MOST_OPTIMIZATIONS"] == "0") == optimized  # for child processes
