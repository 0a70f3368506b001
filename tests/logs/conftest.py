"""Imports of logs that the tests write."""

import pytest
import yaml

from dynax.config.options import section
from dynax.logs.importing import import_log
from dynax.logs.mapping import LogMapping


@pytest.fixture
def imported(tmp_path):
    """Return a function that imports a log with the keys of a mapping."""

    def run(source, **keys):
        mapping = section(LogMapping, yaml.safe_load(yaml.safe_dump(keys)), "mapping")
        return import_log(source, mapping, tmp_path / "datasets")

    return run


@pytest.fixture
def drive(imported):
    """Return a function that imports a log of the drive with its usual mapping."""
    usual = {"time": "time_s", "qpos": ["pos_rad"], "qvel": ["vel_rad_s"], "action": ["force_N"]}
    return lambda source, **keys: imported(source, **{k: v for k, v in {**usual, **keys}.items() if v is not None})
