"""The tables of speed: what they show, and that the document has what is committed."""

import pytest

from benchmarks.document import filled
from benchmarks.speed import contacts, simulation, training
from benchmarks.speed.__main__ import DOCUMENT, TABLES, committed


def test_a_line_a_robot():
    robot = {"robot": "cart_pole", "ratio": 0.981, "collected_per_s": 1.5e6}
    assert simulation.table([robot]).splitlines()[2:] == ["| cart_pole | 1,500,000 | 0.98 |"]


@pytest.mark.slow  # MJX compiles for a minute
def test_contacts_are_measured_against_a_step(monkeypatch):
    monkeypatch.setattr(contacts, "BATCH", 2)
    result = contacts.measured("hopper", 2)
    assert result["slots"] == 14
    assert 0 < result["ratio"] == pytest.approx(result["found_us"] / result["step_us"], rel=1)
    assert 0 < result["of_mjx"] == pytest.approx(result["found_us"] / result["mjx_us"], rel=1)
    assert contacts.table([result]).splitlines()[2].startswith("| hopper | 14 | ")


@pytest.mark.slow
def test_training_is_measured_against_a_loop_by_hand(monkeypatch):
    monkeypatch.setattr(training, "STEPS", 1)
    monkeypatch.setattr(training, "WIDTHS", (4, 4))
    [result] = training.measure(3)
    assert result["network"] == "MLP of 4 x 4, batch 512"
    assert result["lowest_ratio"] <= result["ratio"] <= result["highest_ratio"]
    assert training.table([result]).splitlines()[2].startswith("| MLP of 4 x 4, batch 512 | ")


def test_the_document_is_what_the_committed_results_make_of_it():
    assert filled(DOCUMENT.read_text(), {name: committed(name) for name in TABLES}) == DOCUMENT.read_text()
