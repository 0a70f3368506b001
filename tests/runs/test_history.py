"""`metrics.jsonl`: the epochs up to the checkpoint from which a run continues."""

import json

import pytest

from dynax.errors import UserError
from dynax.runs.history import History


@pytest.fixture
def path(tmp_path):
    return tmp_path / "metrics.jsonl"


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_epoch_is_a_line(path):
    history = History(path, 0)
    for epoch in (1, 2):
        history.append({"epoch": epoch, "loss": 0.5 / epoch})
        assert lines(path) == history.rows
    assert history.rows == [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}]


def test_epochs_after_the_checkpoint_are_deleted(path):
    path.write_text('{"epoch": 1}\n{"epoch": 2}\n{"epoch": 3}\n{"epo')
    history = History(path, 2)
    history.append({"epoch": 3, "again": True})
    assert lines(path) == history.rows == [{"epoch": 1}, {"epoch": 2}, {"epoch": 3, "again": True}]


def test_epochs_that_patience_skipped_are_not_required(path):
    path.write_text('{"epoch": 1}\n{"epoch": 46}\n{"epoch": 47}\n')
    assert History(path, 46).rows == [{"epoch": 1}, {"epoch": 46}]


@pytest.mark.parametrize("text", ["", '{"epoch": 1}\n', '{"epoch": 1}\n{"epo\n{"epoch": 3}\n'])
def test_a_file_without_the_epoch_of_the_checkpoint_is_damaged(path, text):
    path.write_text(text)
    with pytest.raises(UserError, match=f"{path} is damaged: "):
        History(path, 3)


def test_a_new_run_starts_an_empty_file(path):
    assert History(path, 0).rows == []
    assert path.read_text() == ""


def test_rows_are_copies(path):
    row = {"epoch": 1}
    history = History(path, 0)
    history.append(row)
    row["epoch"] = 9
    assert history.rows == [{"epoch": 1}]
