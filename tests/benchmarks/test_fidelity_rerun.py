"""Test the rows of the fidelity tables that are trained again."""

import pytest

from benchmarks.document import committed_table, filled
from benchmarks.fidelity import rerun
from benchmarks.fidelity.__main__ import TABLES
from benchmarks.fidelity.document import DOCUMENT

[MLP] = [row for row in rerun.SAMPLE if row == ("targets", "mlp", "cart_pole", "mlp")]


def test_a_row_that_is_trained_again_is_beside_its_committed_result():
    old = rerun.committed(*MLP)
    changed = {"vpt": {"0.1": {**old["vpt"]["0.1"], "median_s": 5.0}}, "nrmse": {"1": 1e-5}, "wall_s": 30.0}
    table = rerun.render([{"table": "targets", "committed": old, "now": old | changed}])
    line = table.splitlines()[2]
    name, commit, before, now, *errors, wall, wall_now = [cell.strip() for cell in line.strip("|").split("|")]
    assert (name, commit, now) == ("targets: cart_pole, mlp", old["commit"][:7], "5.0 s")
    assert before == f"{old['vpt']['0.1']['median_s']:.1f} s" != now
    assert errors == [f"{old['nrmse']['100']:.2g}", "–"]
    assert wall_now == "30 s" != wall


@pytest.mark.parametrize(("name", "row", "env", "model"), rerun.SAMPLE)
def test_the_rows_that_are_trained_again_exist(name, row, env, model):
    [training] = [t for r in rerun.one_row(TABLES[name], row, env, model).rows for t in r.trainings([rerun.SEED])]
    assert (training.env, training.model) == (env, model)
    assert rerun.committed(name, row, env, model)["seed"] == rerun.SEED


def test_the_document_contains_the_committed_table():
    table = committed_table(rerun.FILE, rerun.render, "seed {seed}")
    assert filled(DOCUMENT.read_text(), {"rerun": table}) == DOCUMENT.read_text()
