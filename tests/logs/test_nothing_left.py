"""Logs without usable samples: the error names the column that is the cause."""

import numpy as np
import pytest
from synthetic import drive_csv, motion

from dynax.errors import UserError

N = 60
NONE = np.full(N, np.nan)
HALF = np.where(np.arange(N) < N / 2, 1.0, np.nan)


@pytest.mark.parametrize(
    ("columns", "keys", "message"),
    [
        ({"pos_rad": NONE}, {}, "qpos: the column pos_rad has no finite number"),
        ({"vel_rad_s": NONE}, {}, "qvel: the column vel_rad_s has no finite number"),
        ({"force_N": np.full(N, np.inf)}, {}, "action: the column force_N has no finite number"),
        ({"time_s": NONE}, {}, "time: the column time_s has no finite number"),
        ({"time_s": np.full(N, -np.inf)}, {}, "time: the column time_s has no finite number"),
        ({"time_s": np.ones(N)}, {}, "time: the time stamps of time_s are all equal: sort the samples by time, or"),
        ({"pos_rad": HALF, "force_N": HALF[::-1]}, {}, "there is no stretch of 8 or more samples in which all columns"),
        (
            {},
            {"resample": 5.0},
            "no stretch of 8 or more samples, 5 s apart, in which .* decrease `resample:`",
        ),
        ({}, {"episode": "pos_rad"}, "episode: the column pos_rad changes .* times, and the longest ep"),
        ({"force_N": NONE}, {"episode": "force_N", "action": None}, "episode: the column force_N has no finite number"),
    ],
)
def test_the_cause_is_named(drive, tmp_path, columns, keys, message):
    source = drive_csv(tmp_path / "log.csv", N, **columns)
    with pytest.raises(UserError, match=f"source={source} contains no usable samples: .*{message}"):
        drive(source, **keys)
    assert not (tmp_path / "datasets").exists()


@pytest.mark.parametrize("n", [1, 5])
def test_a_short_log_is_named(drive, tmp_path, n):
    with pytest.raises(
        UserError, match=f"the longest recording or episode has {n} samples, but at least 8 are necessary"
    ):
        drive(drive_csv(tmp_path / "log.csv", n))


def test_recordings_without_usable_samples_are_reported(drive, tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    drive_csv(folder / "a.csv", N)
    drive_csv(folder / "b.csv", N, force_N=NONE)
    drive_csv(folder / "c.csv", 1)
    found = {(f.where, f.what) for f in drive(folder).report.findings if f.action == "dropped"}
    assert {
        ("b.csv", "a stretch in which the column force_N has fewer than two values"),
        ("c.csv", "1 samples without another one in the same stretch"),
    } <= found


def test_samples_without_a_number_of_the_episode_are_dropped(drive, tmp_path):
    time, q, v, action = motion(600)
    episode = np.repeat([0.0, 1.0, 2.0], 200)
    episode[[50, 199, 200, 500]] = np.nan
    source = drive_csv(tmp_path / "log.csv", 600, time_s=time, pos_rad=q, vel_rad_s=v, force_N=action, episode=episode)
    imported = drive(source, episode="episode", test_fraction=0)
    what = [finding.what for finding in imported.report.findings]
    assert "3 episodes, from the column episode" in what
    assert "4 samples without a number in the column episode" in what
    assert not any("time stamp" in text for text in what)
