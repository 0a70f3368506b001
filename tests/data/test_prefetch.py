"""Prefetching: results are made in advance, several at once, and arrive in order."""

from threading import Barrier, Event

import pytest

from dynax.data.prefetch import prefetch


def test_the_next_results_are_made_while_the_caller_is_busy():
    made, requested = [Event() for _ in range(4)], []

    def make(i):
        made[i].set()
        return -i

    def items():
        for i in range(4):
            requested.append(i)
            yield i

    results = prefetch(make, items(), 2)
    assert not requested  # nothing is made before the first request
    assert next(results) == 0
    assert made[1].wait(60)
    assert made[2].wait(60)
    assert requested == [0, 1, 2]  # not more than two in advance
    assert list(results) == [-1, -2, -3]


def test_several_results_are_made_at_once_and_arrive_in_order():
    barrier = Barrier(2)  # two threads must wait for each other

    def make(i):
        barrier.wait(60)
        return i

    assert list(prefetch(make, range(6), 2)) == [0, 1, 2, 3, 4, 5]


def test_an_exception_is_raised_when_its_result_is_due():
    def make(i):
        if i == 1:
            raise RuntimeError("no more")
        return i

    results = prefetch(make, range(5), 2)
    assert next(results) == 0
    with pytest.raises(RuntimeError, match="no more"):
        next(results)
