"""Collection under a policy: actions, determinism, the manifest, and wrong policies."""

from dataclasses import replace

import numpy as np
import pytest

from dynax.config.schema import CollectConfig
from dynax.data import collection
from dynax.data.closed_loop import ClosedLoopSource
from dynax.data.describe import describe
from dynax.data.function_policy import FunctionPolicy
from dynax.data.simulate import simulate
from dynax.data.source import TrajectorySource
from dynax.envs import DoubleCartPoleEnv, PendulumEnv
from dynax.errors import UserError
from dynax.excitations.mixed import Mixed

SIZE = CollectConfig(num_rollouts=40, rollout_length=12, seed=3, backend="native", policy="damper", policy_noise=0.2)


def damper(state, rng):
    """Return a torque against the motion, with noise of the policy itself."""
    return [-0.5 * state[1] + 0.1 * rng.normal()]


class Pairs(FunctionPolicy):
    """A policy that acts on at most two trajectories, every five steps, and records its arguments."""

    def __init__(self, function):
        super().__init__("pairs", "", function, 1, repeat=5, group=2)
        self.calls = []

    def start(self, slots, streams):
        act = super().start(slots, streams)

        def recorded(states, executed):
            self.calls.append((list(slots), states, executed))
            return act(states, executed)

        return recorded


def policy(function=damper, sha256="a"):
    return FunctionPolicy("damper", sha256, function, 1)


def source_of(policy, noise=0.2, steps=12, env=None):
    return ClosedLoopSource(env or PendulumEnv(), Mixed(), 3, steps, policy=policy, noise=noise)


def trajectories(source, start=0, stop=40):
    return source.trajectories(start, stop, "native")[0]


def test_the_states_are_those_of_mujoco_under_the_executed_actions():
    data, env = trajectories(source_of(policy())), PendulumEnv()
    np.testing.assert_allclose(simulate(env, data.states[:, 0], data.actions, "native"), data.states, rtol=1e-12)
    low, high = env.action_bounds
    assert (low <= data.actions).all()
    assert (data.actions <= high).all()


def test_the_share_of_the_excitation_is_between_the_policy_and_the_excitation():
    def constant(state, rng):
        return [99.0]  # beyond the bounds

    states, excited = TrajectorySource(PendulumEnv(), Mixed(), 3, 12).draw(0, 40)
    high = PendulumEnv().action_bounds[1]
    for noise in (0.0, 0.25, 1.0):
        data = trajectories(source_of(policy(constant), noise))
        np.testing.assert_allclose(data.actions, (1 - noise) * high + noise * excited, atol=1e-12)
        np.testing.assert_array_equal(data.states[:, 0], states)


def test_batches_and_numbers_of_trajectories_do_not_change_the_data():
    complete = trajectories(source_of(policy()))
    again, tail = trajectories(source_of(policy())), trajectories(source_of(policy()), 33, 40)
    batches = [data for data, _ in source_of(policy()).batches(40, 7, "native")]
    for states in (again.states, np.concatenate([data.states for data in batches])):
        np.testing.assert_array_equal(states, complete.states)
    np.testing.assert_array_equal(tail.actions, complete.actions[33:])
    assert not np.array_equal(trajectories(replace(source_of(policy()), seed=4)).states, complete.states)


def test_a_policy_receives_all_states_and_executed_actions_of_its_group():
    pairs = Pairs(damper)
    data = trajectories(source_of(pairs), 1, 4)
    assert [slots for slots, *_ in pairs.calls] == [[1]] * 3 + [[0, 1]] * 3
    first, second, third = pairs.calls[3:]
    assert [states.shape[1] for _, states, _ in pairs.calls[3:]] == [1, 5, 5]
    assert first[2].shape == (2, 0, 1)
    np.testing.assert_array_equal(second[1], data.states[1:, 1:6])
    np.testing.assert_array_equal(third[1], data.states[1:, 6:11])
    np.testing.assert_array_equal(third[2], data.actions[1:, 5:10])


def test_a_diverged_trajectory_is_drawn_again():
    def violent(state, rng):
        return [1e9 * np.sign(state[0])] if np.isfinite(state).all() else 1 / 0

    env = DoubleCartPoleEnv(action_range={"push": [-1e7, 1e7]}, mjcf=_without_range(DoubleCartPoleEnv().mjcf))
    source = source_of(FunctionPolicy("violent", "", violent, 1), 0.0, 40, env)
    with pytest.raises(UserError, match="the simulation of double_cart_pole diverges"):
        source.trajectories(0, 2, "native")


def _without_range(mjcf):
    return mjcf.replace('ctrllimited="true"', 'ctrllimited="false"')


def test_the_description_depends_on_the_policy_and_its_share():
    def key(source, config=SIZE):
        return describe(source, config, "native")["description_sha256"]

    without = TrajectorySource(PendulumEnv(), Mixed(), 3, 12)
    keys = {key(without), key(source_of(policy())), key(source_of(policy(sha256="b"))), key(source_of(policy(), 0.3))}
    assert len(keys) == 4
    assert key(source_of(policy())) in keys
    assert "policy" not in describe(without, SIZE, "native")


def test_a_collected_dataset_contains_the_trajectories_and_the_policy(tmp_path):
    data = collection.collect(PendulumEnv(), Mixed(), SIZE, tmp_path, policy=policy())
    assert data.manifest["policy"] == {"kind": "function", "name": "damper", "sha256": "a", "noise": 0.2}
    np.testing.assert_array_equal(data.read().states, trajectories(source_of(policy())).states)
    again = collection.collect(PendulumEnv(), Mixed(), SIZE, tmp_path, policy=policy(lambda state, rng: 1 / 0))
    assert again.path == data.path


WRONG = {
    r"ZeroDivisionError: division by zero$": lambda state, rng: 1 / 0,
    r"of shape \(2,\), not 1 finite numbers$": lambda state, rng: np.zeros(2),
    r"returns \[nan\] of shape \(1,\)": lambda state, rng: [np.nan],
    r"fails: TypeError": lambda state: [0.0],
}


@pytest.mark.parametrize("message", WRONG)
def test_a_wrong_function_is_an_error(message):
    with pytest.raises(UserError, match=f"collect.policy=damper: the function policy.*{message}"):
        trajectories(source_of(policy(WRONG[message])), 0, 1)


def test_a_name_without_the_policy_itself_is_an_error(tmp_path):
    with pytest.raises(UserError, match="policy=damper needs the argument policy"):
        collection.collect(PendulumEnv(), Mixed(), SIZE, tmp_path)
    with pytest.raises(UserError, match=r"collect\.backend=mjx cannot collect with a policy"):
        collection.collect(PendulumEnv(), Mixed(), replace(SIZE, backend="mjx"), tmp_path, policy=policy())
    with pytest.raises(UserError, match=r"policy_noise=1\.5 is out of range"):
        CollectConfig(policy_noise=1.5)
