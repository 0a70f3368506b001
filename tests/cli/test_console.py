"""Progress on standard error: a bar on a terminal, otherwise a log line every few seconds."""

import importlib
import logging
from types import SimpleNamespace

import pytest

from dynax.cli import console

progress = importlib.import_module("dynax.cli.console.progress")


@pytest.fixture
def no_terminal(monkeypatch):
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test sets. Its item 0 is the time in s."""
    now = [1000.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 00 s"),
        (125, "2 min 05 s"),
        (3599.9, "1 h 00 min"),
        (3725, "1 h 02 min"),
    ],
)
def test_durations_are_rounded_to_two_units(seconds, text):
    assert console.duration(seconds) == text


def test_without_a_terminal_there_is_a_line_every_few_seconds(no_terminal, clock, caplog, capsys):
    caplog.set_level(logging.INFO)
    with console.progress("train", 100, "epochs") as update:
        for done in range(1, 13):
            clock[0] += 1
            update(done, f"loss {done}")
    lines = [record.message.split(" epochs")[0] for record in caplog.records]
    assert lines == ["train 1/100", "train 6/100", "train 11/100"]
    assert capsys.readouterr() == ("", "")


def test_the_last_step_always_has_a_line(no_terminal, clock, caplog):
    caplog.set_level(logging.INFO)
    with console.progress("train", 3, "epochs") as update:
        for done in (1, 2, 3):
            update(done)
    assert caplog.messages[-1].startswith("train 3/3 epochs: ")


def test_the_first_step_does_not_count_for_the_remaining_time(no_terminal, clock, caplog):
    caplog.set_level(logging.INFO)
    with console.progress("train", 50, "epochs", done=10) as update:
        clock[0] += 100  # compilation
        update(11, "loss 0.9")
        clock[0] += 30
        update(21, "loss 0.5")
    assert caplog.messages == [
        "train 11/50 epochs: loss 0.9",
        "train 21/50 epochs, 1 min 27 s left: loss 0.5",
    ]


def test_the_remaining_time_counts_down_between_two_steps(clock):
    task = SimpleNamespace(fields={"end": None})
    remaining, column = progress.remaining_time(5), progress.RemainingColumn()
    assert remaining(1) is None
    assert column.render(task).plain == "–"
    clock[0] += 270
    task.fields["end"] = clock[0] + remaining(2)
    assert column.render(task).plain == "13 min 30 s"
    clock[0] += 100
    assert column.render(task).plain == "11 min 50 s"
    clock[0] += 9000
    assert column.render(task).plain == "0 s"


def test_a_terminal_has_a_bar(monkeypatch, caplog, capsys):
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    with console.progress("train [b]pendulum", 3, "epochs") as update:
        update(3, "loss 0.5 [rad]")
    out, err = capsys.readouterr()
    assert out == ""
    assert "train [b]pendulum" in err
    assert "[rad]" in err
    assert "3/3" in err
    assert "loss 0.5" in err
    assert not caplog.messages


def test_an_error_passes_through(no_terminal):
    with pytest.raises(RuntimeError, match="broken"), console.progress("train", 3, "epochs"):
        raise RuntimeError("broken")


def test_tables_are_on_standard_error(no_terminal, capsys):
    console.table("[b]Errors", ["", "VPT [s]"], [["model", "12.34"], ["hold last", "0.05"]], caption="a [note]")
    console.facts("Trained", [("parameters", "133,121")])
    out, err = capsys.readouterr()
    assert out == ""
    for text in ("[b]Errors", "VPT [s]", "model", "12.34", "hold last", "a [note]", "Trained", "parameters", "133,121"):
        assert text in err


def test_without_a_terminal_a_table_is_not_truncated(no_terminal, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    console.table("t", [f"column {i}" for i in range(8)], [["0.123456"] * 8])
    assert capsys.readouterr().err.count("0.123456") == 8
