"""The benchmark of loads: what it shows, and that the document has what is committed."""

import pytest

from benchmarks import payload
from benchmarks.document import filled


def test_a_load_is_in_the_torso_and_changes_its_mass_alone():
    empty, heavy = payload.loaded(0.0).mj_model, payload.loaded(1.5).mj_model
    more = heavy.body_mass - empty.body_mass
    assert more[empty.body("torso").id] == pytest.approx(1.5)
    assert (more != 0).sum() == 1


def test_the_document_is_what_the_committed_results_make_of_it():
    text = payload.DOCUMENT.read_text()
    assert filled(text, {"payload": payload.committed()}) == text
