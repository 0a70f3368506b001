"""Normalization of features, actions and targets."""

import numpy as np

from dynax.components.normalization import denormalize, identity_statistics, normalize


def test_normalized_values_have_zero_mean_and_unit_standard_deviation():
    values = np.random.default_rng(0).normal([3.0, -1.0], [2.0, 0.1], (1000, 2))
    statistics = {"mean": values.mean(axis=0), "std": values.std(axis=0)}
    normalized = normalize(statistics, values)
    np.testing.assert_allclose(normalized.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(normalized.std(axis=0), 1, atol=1e-12)
    np.testing.assert_allclose(denormalize(statistics, normalized), values, atol=1e-12)


def test_the_identity_changes_nothing():
    statistics = identity_statistics(features=3, actions=0)
    values = np.arange(3, dtype=np.float32)
    assert np.array_equal(normalize(statistics["features"], values), values)
    assert statistics["actions"]["mean"].shape == (0,)
