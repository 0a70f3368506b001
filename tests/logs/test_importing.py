"""The import of a log: what is kept, changed and dropped."""

import hashlib

import numpy as np
import pytest
from synthetic import DT, drive_csv, motion, write_csv

from dynax.data.whole import whole_trajectories
from dynax.errors import UserError


def whats(imported, action):
    return " / ".join(f.what for f in imported.report.findings if f.action == action)


def test_a_clean_log_keeps_its_samples(drive, tmp_path):
    source = drive_csv(tmp_path / "log.csv")
    dataset = drive(source).dataset
    _, q, v, action = motion(400)
    paths = whole_trajectories(dataset)
    fit, test = paths
    assert (len(fit.actions), len(test.actions)) == (359, 39)
    np.testing.assert_allclose(fit.states, np.stack([q, v], 1)[:360], rtol=1e-8)
    np.testing.assert_allclose(fit.actions[:, 0], action[:359], rtol=1e-8)
    np.testing.assert_allclose(test.states, np.stack([q, v], 1)[360:], rtol=1e-8)
    assert dataset.dt == DT


def test_the_manifest_states_the_origin_of_every_column(drive, tmp_path):
    source = drive_csv(tmp_path / "log.csv")
    log = drive(source, scale={"force_N": -2.0}, offset={"pos_rad": 0.5}).dataset.manifest["log"]
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    assert log["source_sha256"] == log["files"][0]["sha256"] == digest
    assert [(c["array"], c["column"], c["unit"], c["scale"], c["offset"]) for c in log["columns"]] == [
        ("qpos", "pos_rad", "rad", 1.0, 0.5),
        ("qvel", "vel_rad_s", "rad/s", 1.0, 0.0),
        ("action", "force_N", "N", -2.0, 0.0),
    ]


def test_the_same_log_and_mapping_give_the_same_dataset(drive, tmp_path):
    source = drive_csv(tmp_path / "log.csv")
    assert drive(source).dataset.path == drive(source).dataset.path
    assert drive(source).dataset.path != drive(source, scale={"force_N": 2.0}).dataset.path


def test_units_in_the_mapping_convert_to_si(drive, tmp_path):
    time, q, _, action = motion(300)
    source = write_csv(tmp_path / "log.csv", {"time_ms": 1e3 * time, "pos_deg": np.rad2deg(q), "force_N": action})
    kept = drive(source, time="time_ms", qpos=["pos_deg"], qvel=None)
    assert kept.dataset.manifest["log"]["columns"][0]["unit"] == "deg"
    converted = drive(source, time="time_ms", qpos=["pos_deg"], qvel=None, units={"pos_deg": "deg"}).dataset
    np.testing.assert_allclose(whole_trajectories(converted)[0].states[:, 0], q[:270], atol=1e-6)
    assert converted.dt == pytest.approx(DT)


def test_missing_velocities_are_estimated_by_a_named_smoother(drive, tmp_path):
    imported = drive(drive_csv(tmp_path / "log.csv"), qvel=None)
    _, _, v, _ = motion(400)
    estimated = whole_trajectories(imported.dataset)[0].states[:, 1]
    assert np.abs(estimated - v[:360])[5:-5].max() < 0.05 * v.std()
    assert "velocity estimated (Savitzky-Golay, cubic" in whats(imported, "changed")
    assert imported.dataset.manifest["log"]["velocities"]["columns"]["pos_rad"]["bandwidth_hz"] > 5


def test_irregular_samples_are_interpolated_with_an_error_estimate(drive, tmp_path):
    rng = np.random.default_rng(0)
    time, q, v, action = motion(2000, dt=0.002)
    rows = np.sort(rng.choice(2000, 1300, replace=False))
    rows[0] = 0
    source = write_csv(
        tmp_path / "log.csv",
        {"time_s": time[rows], "pos_rad": q[rows], "vel_rad_s": v[rows], "force_N": action[rows]},
    )
    imported = drive(source, resample=0.004)
    states = whole_trajectories(imported.dataset)[0].states
    assert np.abs(states[:, 0] - q[: 2 * len(states) : 2]).max() < 1e-3
    assert "interpolated at regular times, error at most about" in whats(imported, "changed")


def test_a_gap_splits_and_a_missing_sample_is_interpolated(drive, tmp_path):
    time, q, v, action = motion(600)
    keep = np.ones(600, bool)
    keep[300:360] = False
    keep[100] = False
    columns = {"time_s": time, "pos_rad": q, "vel_rad_s": v, "force_N": action}
    source = write_csv(tmp_path / "log.csv", {name: column[keep] for name, column in columns.items()})
    imported = drive(source, test_fraction=0)
    assert [len(path.actions) for path in whole_trajectories(imported.dataset)] == [299, 239]
    assert "split at 1 gaps into 2 segments" in whats(imported, "changed")


def test_nan_duplicates_and_clock_jumps_are_reported(drive, tmp_path):
    time, q, _, _ = motion(600)
    time[300:] -= 1.5  # the clock jumps backwards
    time[50] = time[49]
    q[100] = np.nan
    time[200] = 99.0  # a single wrong time stamp
    imported = drive(drive_csv(tmp_path / "log.csv", 600, time_s=time, pos_rad=q), test_fraction=0)
    dropped, changed = whats(imported, "dropped"), whats(imported, "changed")
    assert "1 samples with a repeated time stamp" in dropped
    assert "1 samples with a single wrong time stamp" in dropped
    assert "1 missing values (NaN)" in dropped
    assert "split at 1 backward jumps of the clock" in changed
    assert all(np.isfinite(path.states).all() for path in whole_trajectories(imported.dataset))


def test_a_wrapped_encoder_is_unwrapped(drive, tmp_path):
    time = DT * np.arange(600)
    q = 1.5 * time**2
    wrapped = (q + np.pi) % (2 * np.pi) - np.pi
    imported = drive(drive_csv(tmp_path / "log.csv", 600, pos_rad=wrapped, vel_rad_s=3 * time), test_fraction=0)
    np.testing.assert_allclose(whole_trajectories(imported.dataset)[0].states[:, 0], q, atol=1e-6)
    assert "jumps of an encoder with the period 6.28319 removed" in whats(imported, "changed")


def test_stuck_and_saturated_channels_are_dropped(drive, tmp_path):
    _, q, v, _ = motion(800)
    q[300:400] = q[300]
    q[400:] += 1.0
    limit = 0.5 * np.abs(v).max()
    imported = drive(drive_csv(tmp_path / "log.csv", 800, pos_rad=q, vel_rad_s=np.clip(v, -limit, limit)))
    assert "values of 1 stuck runs" in whats(imported, "dropped")
    assert "saturated values" in whats(imported, "dropped")


def test_channels_of_different_rates_share_a_grid(drive, tmp_path):
    _, q, _, action = motion(1000)
    slow = np.where(np.arange(1000) % 5 == 0, action, np.nan)
    imported = drive(drive_csv(tmp_path / "log.csv", 1000, force_N=slow), test_fraction=0)
    [path] = whole_trajectories(imported.dataset)
    np.testing.assert_allclose(path.states[:, 0], q[: len(path.states)], atol=1e-6)
    np.testing.assert_allclose(path.actions[::5, 0], action[: len(path.actions) : 5], atol=1e-6)


@pytest.mark.parametrize("delay", [0.0, 1.0, 2.5, 6.3])
def test_the_delay_of_a_log_is_estimated(drive, tmp_path, delay):
    time, q, v, action = motion(3000, delay=delay)
    source = write_csv(tmp_path / "log.csv", {"time_s": time, "pos_rad": q, "vel_rad_s": v, "force_N": action})
    assert drive(source).dataset.manifest["log"]["delay_s"] / DT == pytest.approx(delay, abs=0.2)


def test_files_can_be_kept_for_testing(drive, tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    for i in range(3):
        drive_csv(folder / f"log_{i}.csv", seed=i)
    imported = drive(folder, test=["log_1.csv"])
    names = [path.name for path in whole_trajectories(imported.dataset)]
    assert names == ["log_0.csv", "log_2.csv", "log_1.csv"]
    [test] = whole_trajectories(imported.dataset.kept_for_testing())
    assert (test.name, len(test.actions)) == ("log_1.csv", 399)
    train, val = imported.dataset.split(0.1)
    assert train.rows.stop == val.rows.start
    assert val.rows.stop == imported.dataset.kept_for_testing().rows.start


def test_validation_trajectories_are_spread_over_the_log(drive, tmp_path):
    """The last recordings may differ from all others."""
    imported = drive(drive_csv(tmp_path / "log.csv"), block=0.1)
    kept = imported.dataset.kept_for_testing().rows.start
    data, (train, val) = imported.dataset.read(slice(0, kept)), imported.dataset.read_parts(0.2)
    assert len(train) + len(val) == kept
    rows = [next(i for i, x in enumerate(data.states) if np.array_equal(x, state)) for state in val.states]
    assert np.diff(rows).min() > 1
    assert rows[0] < kept / 4
    assert rows[-1] > kept * 3 / 4


def test_an_episode_column_separates_trajectories(drive, tmp_path):
    time, q, v, action = motion(600)
    episode = np.repeat([0.0, 1.0, 2.0], 200)
    columns = {"time_s": time % 2, "pos_rad": q, "vel_rad_s": v, "force_N": action, "episode": episode}
    imported = drive(write_csv(tmp_path / "log.csv", columns), episode="episode", test_fraction=0)
    assert [len(path.actions) for path in whole_trajectories(imported.dataset)] == [199] * 3


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0.5,abc,0,0", r"log.csv, line 402: 'abc' in the column pos_rad is not a number"),
        ("0.5,1", r"log.csv, line 402: the row has 2 cells, and the header has 4"),
    ],
)
def test_an_unreadable_line_is_named_and_nothing_is_written(drive, tmp_path, line, message):
    source = drive_csv(tmp_path / "log.csv")
    with source.open("a") as file:
        file.write(line + "\n")
    with pytest.raises(UserError, match=message):
        drive(source)
    assert not (tmp_path / "datasets").exists()


def test_a_log_without_actions(drive, tmp_path):
    imported = drive(drive_csv(tmp_path / "log.csv"), action=[])
    data = imported.dataset.read()
    assert (data.states.shape[-1], data.actions.shape[-1]) == (2, 0)
