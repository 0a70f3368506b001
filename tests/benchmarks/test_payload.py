"""Test the benchmark of payloads: the loaded robots and the committed table."""

import pytest

from benchmarks import payload
from benchmarks.document import filled


def test_a_load_changes_only_the_mass_of_the_torso():
    empty, heavy = payload.loaded(0.0).mj_model, payload.loaded(1.5).mj_model
    added = heavy.body_mass - empty.body_mass
    assert added[empty.body("torso").id] == pytest.approx(1.5)
    assert (added != 0).sum() == 1


def test_the_document_contains_the_committed_table():
    text = payload.DOCUMENT.read_text()
    assert filled(text, {"payload": payload.committed()}) == text
