"""The sampling interval of time stamps, and time stamps without a usable interval."""

import numpy as np
import pytest
from synthetic import motion, write_csv

from dynax.errors import UserError
from dynax.logs.clock import sampling_interval


@pytest.mark.parametrize("interval", [0.002, 1 / 610.35, 1 / 3])
def test_a_regular_interval_is_exact(interval):
    assert sampling_interval(7.0 + interval * np.arange(50_000)) == pytest.approx(interval, rel=1e-9)


def test_the_interval_of_noisy_time_stamps_is_rounded():
    time = 0.002 * np.arange(5_000) + np.random.default_rng(0).uniform(0, 3e-4, 5_000)
    assert sampling_interval(time) == pytest.approx(0.002, rel=0.01)
    assert float(f"{sampling_interval(time):.3g}") == sampling_interval(time)


@pytest.mark.parametrize(
    ("factor", "message"),
    [
        (1e9, r"the samples of the log are 1e\+07 s apart, but must be .* as in `units: \{time_s: ns\}`"),
        (0.0, "log.csv contains no usable samples: time: the time stamps of time_s are all equal: sort the samples"),
        (-1.0, "log.csv contains no usable samples: time: the time stamps of time_s never increase: sort the samples"),
        (np.nan, "log.csv contains no usable samples: time: the column time_s has no finite number"),
    ],
)
def test_time_stamps_of_another_kind_are_explained(drive, tmp_path, factor, message):
    time, q, v, action = motion(300)
    columns = {"time_s": factor * time, "pos_rad": q, "vel_rad_s": v, "force_N": action}
    with pytest.raises(UserError, match=message):
        drive(write_csv(tmp_path / "log.csv", columns))
