"""The identity of a run: written once, and the same as long as the run exists."""

import shutil

import pytest

from dynax.errors import RunError
from dynax.runs.identity import FILE, ensure_run_id, read_run_id


def test_a_run_keeps_its_identity(tmp_path):
    first = ensure_run_id(tmp_path / "run")
    assert ensure_run_id(tmp_path / "run") == read_run_id(tmp_path / "run") == first
    assert ensure_run_id(tmp_path / "other") != first


@pytest.mark.parametrize("change", [shutil.rmtree, lambda run: (run / FILE).write_text('{"run_id": "x"}')])
def test_a_run_that_is_deleted_or_replaced_during_its_training_is_an_error(tmp_path, change):
    run = tmp_path / "run"
    ensure_run_id(run)
    change(run)
    with pytest.raises(RunError, match=f"^{run} was deleted, renamed or replaced during the training"):
        ensure_run_id(run)
    assert not run.exists() or list(run.iterdir()) == [run / FILE]
