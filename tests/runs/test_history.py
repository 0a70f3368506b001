"""`metrics.jsonl`: the epochs up to the checkpoint from which a run continues."""

import errno
import json
import os

import pytest

from dynax.errors import DiskFullError, RunError, UserError
from dynax.runs import history
from dynax.runs.history import History


@pytest.fixture
def path(tmp_path):
    return tmp_path / "metrics.jsonl"


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_every_epoch_is_a_line(path):
    metrics = History(path)
    for epoch in (1, 2):
        metrics.append({"epoch": epoch, "loss": 0.5 / epoch})
        assert lines(path) == metrics.rows
    assert metrics.rows == [{"epoch": 1, "loss": 0.5}, {"epoch": 2, "loss": 0.25}]


def test_epochs_after_the_checkpoint_are_deleted(path):
    path.write_text('{"epoch": 1}\n{"epoch": 46}\n')
    part = history.metrics_digest(path)
    path.write_text('{"epoch": 1}\n{"epoch": 46}\n{"epoch": 47}\n{"epo')
    metrics = History(path, part)
    assert metrics.rows == [{"epoch": 1}, {"epoch": 46}]
    metrics.append({"epoch": 47, "again": True})
    assert lines(path) == metrics.rows == [{"epoch": 1}, {"epoch": 46}, {"epoch": 47, "again": True}]


@pytest.mark.parametrize("text", ["", '{"epoch": 1}\n', '{"epoch": 1}\n{"epoch": 3}\n', '{"epoch": 2}\n{"epoch": 2}\n'])
def test_a_file_that_differs_from_the_checkpoint_is_damaged(path, text):
    path.write_text('{"epoch": 1}\n{"epoch": 2}\n')
    part = history.metrics_digest(path)
    path.write_text(text)
    with pytest.raises(UserError, match=f"{path} is damaged: "):
        History(path, part)
    assert path.read_text() == text


def test_a_huge_size_in_a_checkpoint_needs_no_memory(path):
    path.write_text('{"epoch": 1}\n')
    with pytest.raises(UserError, match="does not contain all epochs"):
        history.check(path, {"size": 10**18, "sha256": ""})


@pytest.mark.parametrize("line", ["[]", '{"epoch": "1"}', "{}", "{"])
def test_lines_of_other_content_are_damage(path, line):
    path.write_text(line + "\n")
    with pytest.raises(UserError, match=f"^{path} is damaged: a line "):
        History(path, history.metrics_digest(path))


def test_a_pipe_is_not_read(path):
    os.mkfifo(path)
    with pytest.raises(UserError, match=r"is not a regular file; restore"):
        history.check(path, {"size": 1, "sha256": ""})


def test_a_new_run_starts_an_empty_file(path):
    assert History(path).rows == []
    assert path.read_text() == ""


def test_rows_are_copies(path):
    row = {"epoch": 1}
    metrics = History(path)
    metrics.append(row)
    row["epoch"] = 9
    assert metrics.rows == [{"epoch": 1}]


def test_a_full_disk_leaves_complete_lines(path, monkeypatch):
    metrics = History(path)
    metrics.append({"epoch": 1})
    opened = path.open

    class Full:
        """A file on a disk with room for three bytes."""

        def __init__(self, stream):
            self.stream = stream
            self.room = 3

        def __getattr__(self, name):
            return getattr(self.stream, name)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.stream.close()

        def write(self, content):
            if not self.room:
                raise OSError(errno.ENOSPC, "No space left on device")
            self.room = 0
            return self.stream.write(content[:3])

    monkeypatch.setattr(type(path), "open", lambda self, *args, **options: Full(opened(*args, **options)))
    with pytest.raises(DiskFullError, match=f"the disk is full: {path} cannot be written, and .* MB is free"):
        metrics.append({"epoch": 2})
    monkeypatch.undo()
    assert lines(path) == metrics.rows == [{"epoch": 1}]


@pytest.mark.parametrize("change", [lambda path: path.unlink(), lambda path: path.write_text("{}\n")])
def test_a_file_that_changes_during_a_training_is_an_error(tmp_path, change):
    metrics = History(tmp_path / "metrics.jsonl")
    metrics.append({"epoch": 1})
    change(metrics.path)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(RunError, match=r"metrics.jsonl was changed or deleted during the training: start a new run"):
        metrics.append({"epoch": 2})
    assert sorted(tmp_path.iterdir()) == before
