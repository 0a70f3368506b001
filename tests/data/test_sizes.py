"""Estimates of the size of a dataset, before anything is drawn or written."""

import pytest

from dynax.config.schema import CollectConfig
from dynax.data.collection import collect
from dynax.data.source import TrajectorySource
from dynax.envs import PendulumEnv
from dynax.errors import UserError
from dynax.excitations.mixed import Mixed


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((10**7, 10**7), r"a dataset of 10,000,000 trajectories of 10,000,000 steps needs .* GB, but the disk of"),
        ((2, 10**7), "drawing actions of 10,000,000 steps for pendulum needs about 5.12 GB of memory, but 1 GB are"),
    ],
)
def test_the_size_of_a_dataset_is_estimated_before_anything_is_drawn(tmp_path, monkeypatch, size, message):
    monkeypatch.setattr(TrajectorySource, "draw", None)
    if size[0] == 2:
        monkeypatch.setattr("dynax.config.bounds.available_memory", lambda: 1e9)
    with pytest.raises(UserError, match=message):
        collect(PendulumEnv(), Mixed(), CollectConfig(num_rollouts=size[0], rollout_length=size[1]), tmp_path)
    assert list(tmp_path.iterdir()) == []
