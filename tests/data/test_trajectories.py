"""Trajectories in memory: shapes and splits."""

import numpy as np
import pytest

from dynax.data.trajectories import Trajectories
from dynax.errors import UserError

STEPS = 5


def numbered(n: int) -> Trajectories:
    """Return `n` trajectories; every entry is the index of its trajectory."""
    number = np.arange(n, dtype=np.float64)[:, None, None]
    return Trajectories(number * np.ones((1, STEPS + 1, 4)), number * np.ones((1, STEPS, 1)))


def test_length_and_number_of_transitions():
    assert (len(numbered(3)), numbered(3).num_transitions) == (3, 3 * STEPS)


@pytest.mark.parametrize("states", [(3, 5, 4), (2, 6, 4), (3, 6)])
def test_shapes_are_checked(states):
    with pytest.raises(ValueError, match="must have the shapes"):
        Trajectories(np.zeros(states), np.zeros((3, STEPS, 1)))


def test_the_last_trajectories_validate():
    train, val = numbered(10).split(0.25)
    assert train.states[:, 0, 0].tolist() == train.actions[:, 0, 0].tolist() == list(range(8))
    assert val.states[:, 0, 0].tolist() == val.actions[:, 0, 0].tolist() == [8, 9]


@pytest.mark.parametrize(("n", "fraction", "val"), [(10, 0.001, 1), (2, 0.5, 1), (3, 0.9, None), (1, 0.1, None)])
def test_both_parts_of_a_split_contain_a_trajectory(n, fraction, val):
    if val is None:
        with pytest.raises(UserError, match=f"{n} trajectories cannot be split for training"):
            numbered(n).split(fraction)
    else:
        assert len(numbered(n).split(fraction)[1]) == val


def test_lists_are_converted():
    data = Trajectories([[[0, 1], [2, 3]]], [[[4]]])
    assert (data.states.dtype, data.states.tolist()) == (np.float64, [[[0, 1], [2, 3]]])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e11])
def test_the_place_of_a_wrong_number_is_named(value):
    states = np.zeros((3, STEPS + 1, 4), np.float32)
    states[1, 2, 3] = value
    with pytest.raises(UserError, match=r"states\[1, 2, 3\] \(trajectory 1, step 2\) is "):
        Trajectories(states, np.zeros((3, STEPS, 1)))
    with pytest.raises(UserError, match=r"actions\[1, 2, 3\] "):
        Trajectories(np.zeros((3, STEPS + 2, 4)), states)


@pytest.mark.parametrize("states", [[[["a"]]], [[[None]]], [[[1], [2, 3]]], "text", [[[1j]]]])
def test_other_types_are_rejected(states):
    with pytest.raises(UserError, match=r"^states (must be numbers|are trajectories of different lengths)"):
        Trajectories(states, np.zeros((1, STEPS, 1)))


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble, ">f8", np.int8])
def test_other_types_of_numbers_become_float64(dtype):
    data = Trajectories(np.ones((1, STEPS + 1, 4), dtype), np.ones((1, STEPS, 1), dtype))
    assert data.states.dtype == data.actions.dtype == np.dtype(np.float64)


def test_masked_entries_are_rejected():
    states = np.ma.masked_array(np.zeros((1, STEPS + 1, 4)), mask=True)
    with pytest.raises(UserError, match=r"^states contain masked entries"):
        Trajectories(states, np.zeros((1, STEPS, 1)))
