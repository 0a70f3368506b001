"""The workers of a sweep use separate cores if the machine has enough of them."""

import pytest

from dynax.cli.jobs.cores import cores_of_worker


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
def test_the_cores_are_divided_evenly(cores, workers, shares):
    assert [list(cores_of_worker(list(cores), workers, worker)) for worker in range(len(shares))] == shares


def test_a_worker_that_replaces_a_dead_worker_has_cores():
    assert cores_of_worker([0, 1, 2, 3], 2, 5) == [2, 3]
