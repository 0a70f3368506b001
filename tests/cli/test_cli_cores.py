"""The workers of a sweep share the cores of a machine evenly, and none has another's as long as there are enough."""

import pytest

from dynax.cli.cores import share


@pytest.mark.parametrize(
    ("cores", "workers", "shares"),
    [
        (range(4), 2, [[0, 1], [2, 3]]),
        (range(5), 2, [[0, 1], [2, 3]]),
        ([3, 7], 2, [[3], [7]]),
        ([3, 7], 3, [[3], [7], [3]]),
        (range(3), -1, [[0], [1], [2]]),
        (range(4), -3, [[0, 1], [2, 3]]),
        ([5], -2, [[5]]),
    ],
)
def test_each_worker_has_its_share(cores, workers, shares):
    assert [list(share(list(cores), workers, worker)) for worker in range(len(shares))] == shares


def test_a_worker_that_replaces_another_has_a_share_too():
    assert share([0, 1, 2, 3], 2, 5) == [2, 3]
