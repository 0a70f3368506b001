"""Every excitation: its bounds, its repeatability, its YAML, and its properties."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from dynax import excitations
from dynax.config.registries import EXCITATIONS
from dynax.errors import UserError
from dynax.excitations.mixed import Mixed
from dynax.excitations.ou import Ou
from dynax.excitations.passive import Passive
from dynax.excitations.piecewise_constant import PiecewiseConstant
from dynax.excitations.prbs import Prbs
from dynax.excitations.sines import Sines
from dynax.excitations.uniform import Uniform

CONF = Path(__file__).parents[2] / "conf" / "excitation"
ALL = [Uniform(), Passive(), PiecewiseConstant(), Prbs(), Ou(), Sines(), Mixed()]
EACH = pytest.mark.parametrize("excitation", ALL, ids=lambda e: e.name)
EACH_RANDOM = pytest.mark.parametrize("excitation", [e for e in ALL if e != Passive()], ids=lambda e: e.name)
ONE = (np.array([-1.0]), np.array([1.0]))


def draw(excitation, n, steps, dt=0.01, low=ONE[0], high=ONE[1], seed=0):
    return excitation(np.random.default_rng(seed), n, steps, dt, low, high)


def test_every_excitation_is_tested_and_has_a_yaml():
    assert set(EXCITATIONS.names()) == {e.name for e in ALL} == {path.stem for path in CONF.glob("*.yaml")}


@EACH
def test_yaml_holds_the_defaults_and_comments_every_key(excitation):
    path = CONF / f"{excitation.name}.yaml"
    assert excitations.make(OmegaConf.load(path)) == excitation
    keys = {line.partition(":")[0] for line in path.read_text().splitlines() if "#" in line}
    assert keys == {"name", *(f.name for f in dataclasses.fields(excitation))}


@EACH
@settings(max_examples=25, deadline=None)
@given(
    n=st.integers(0, 9),
    steps=st.integers(1, 40),
    dt=st.sampled_from([1e-3, 0.01, 0.02, 0.5]),
    ranges=st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(0, 1e3)), min_size=0, max_size=3),
    seed=st.integers(0, 2**32),
)
def test_actions_are_float64_within_their_range(excitation, n, steps, dt, ranges, seed):
    low, width = np.array(ranges).reshape(-1, 2).T
    actions = draw(excitation, n, steps, dt, low, low + width, seed)
    assert actions.shape == (n, steps, len(low))
    assert actions.dtype == np.float64
    assert np.all(actions >= low)
    assert np.all(actions <= low + width)


@EACH
@settings(max_examples=25, deadline=None)
@given(few=st.integers(0, 20), more=st.integers(0, 20))
def test_a_trajectory_does_not_depend_on_the_number_of_trajectories(excitation, few, more):
    np.testing.assert_array_equal(draw(excitation, few + more, 30)[:few], draw(excitation, few, 30))


@EACH_RANDOM
def test_seeds_repeat_and_differ(excitation):
    np.testing.assert_array_equal(draw(excitation, 8, 50, seed=3), draw(excitation, 8, 50, seed=3))
    assert np.any(draw(excitation, 8, 50, seed=3) != draw(excitation, 8, 50, seed=4))


@EACH_RANDOM
def test_actuators_are_driven_independently_and_about_their_middle(excitation):
    actions = draw(excitation, 400, 200, low=np.array([-1.0, 2.0]), high=np.array([1.0, 6.0])).reshape(-1, 2)
    np.testing.assert_allclose(actions.mean(0), [0.0, 4.0], atol=0.1)
    assert abs(np.corrcoef(actions.T)[0, 1]) < 0.05


def test_uniform_is_white():
    actions = draw(Uniform(), 50, 400)[..., 0]
    assert abs(np.mean(actions[:, 1:] * actions[:, :-1])) < 0.01
    np.testing.assert_allclose(actions.var(), 1 / 3, rtol=0.03)


@pytest.mark.parametrize(("dt", "hold_steps"), [(0.01, 20), (0.02, 10), (0.5, 1)])
def test_piecewise_constant_has_its_hold_time_at_any_control_step(dt, hold_steps):
    actions = draw(PiecewiseConstant(hold_time=0.2), 5, 6 * hold_steps, dt)[..., 0]
    steps = actions.reshape(5, 6, hold_steps)
    assert np.all(steps == steps[..., :1])
    assert np.all(np.diff(steps[..., 0]) != 0)


def test_prbs_takes_two_values_equally_often_and_changes_on_its_clock():
    actions = draw(Prbs(clock_period=0.1), 100, 400, low=np.array([-2.0]), high=np.array([0.5]))[..., 0]
    assert set(np.unique(actions)) == {-2.0, 0.5}
    assert set(np.flatnonzero(np.any(np.diff(actions) != 0, axis=0)) % 10) == {9}
    np.testing.assert_allclose(np.mean(actions == 0.5), 0.5, atol=0.03)


def test_ou_has_its_standard_deviation_and_its_correlation_time():
    path = draw(Ou(time_constant=0.1, std=0.2), 4000, 30)[..., 0]
    np.testing.assert_allclose(path.std(axis=0), 0.2, rtol=0.06)
    correlation = np.mean(path[:, 0] * path[:, 10]) / 0.2**2
    np.testing.assert_allclose(correlation, np.exp(-1), atol=0.06)


def test_sines_reach_their_peak_and_stay_in_their_band():
    steps, dt = 1000, 0.01
    actions = draw(Sines(waves=3, lowest_frequency=1.0, highest_frequency=4.0), 20, steps, dt)[..., 0]
    np.testing.assert_allclose(np.abs(actions).max(axis=1), 1.0)
    power = np.abs(np.fft.rfft(actions * np.hanning(steps))) ** 2
    band = np.fft.rfftfreq(steps, dt)
    inside = (band > 0.7) & (band < 4.3)
    assert np.all(power[:, inside].sum(axis=1) > 0.999 * power.sum(axis=1))


def test_mixed_has_every_kind_in_equal_shares_and_random_order():
    parts = Mixed(hold_times=(0.05, 0.2)).parts
    assert [k.name for k in parts] == ["uniform", "piecewise_constant", "piecewise_constant", "prbs", "ou", "sines"]
    actions = draw(Mixed(), 60, 200)[..., 0]
    changes = np.mean(np.diff(actions) != 0, axis=1)
    two_valued = np.all(np.abs(actions) == 1, axis=1)
    constant = [np.isclose(changes, 39 / 199), np.isclose(changes, 9 / 199) & ~two_valued]
    assert [int(two_valued.sum()), *(int(h.sum()) for h in constant)] == [10, 10, 10]
    assert two_valued.reshape(10, 6).sum(axis=1).tolist() == [1] * 10  # once in every six
    assert len(set(two_valued.reshape(10, 6).argmax(axis=1))) > 2


@pytest.mark.parametrize(
    ("group", "message"),
    [
        ({"name": "unifrm"}, "excitation.name=unifrm .*did you mean `uniform`"),
        (
            {"name": "excitation"},
            "name=excitation is not one of mixed, ou, passive, piecewise_constant, prbs, sines, uniform",
        ),
        ({"name": "piecewise_constant", "hold_tim": 0.1}, "excitation.hold_tim.*did you mean `hold_time`"),
        ({"name": "piecewise_constant", "hold_time": 0}, "excitation.hold_time=0 is out of range"),
        ({"name": "prbs", "clock_period": "fast"}, "excitation.clock_period=fast must be a number"),
        ({"name": "ou", "std": -1}, "excitation.std"),
        ({"name": "sines", "waves": 0}, "excitation.waves"),
        ({"name": "sines", "highest_frequency": 0.01}, "excitation.highest_frequency"),
        ({"name": "mixed", "hold_times": []}, "excitation.hold_times"),
        ({"name": "mixed", "hold_times": [0.1, -0.1]}, "excitation.hold_times=-0.1"),
    ],
)
def test_wrong_options_are_named(group, message):
    with pytest.raises(UserError, match=message):
        excitations.make(group)


def test_an_error_in_python_names_the_argument():
    with pytest.raises(UserError, match=r"^hold_time=0 is out of range"):
        PiecewiseConstant(hold_time=0.0)


def test_passive_is_zero_or_the_nearest_value_in_the_range():
    actions = draw(Passive(), 2, 3, low=np.array([-1.0, 2.0]), high=np.array([5.0, 3.0]))
    assert (actions == [0.0, 2.0]).all()
