"""The benchmark of real machines, on logs that the test writes."""

import numpy as np

from benchmarks.document import filled
from benchmarks.real import machines
from benchmarks.real.__main__ import DOCUMENT, committed, table

RESULT = {
    "machine": "arm", "model": "mlp", "whole_rmse": [[1.0, 3.0], [0.5, 0.5]], "train_s": 90.0,
    "window_rmse": [[0.1, 0.2]] * 3, "window_median": [[0.01, 0.02]] * 3,
}  # fmt: skip


def test_the_table_has_medians_over_seeds():
    results = [RESULT | {"seed": seed, "whole_rmse": [[seed, seed], [0.5, 0.5]]} for seed in (1, 2, 6)]
    assert "| arm | mlp | 2, 0.5 | 0.1 0.2 (0.01 0.02) |" in table(results)
    assert "| 3 | 1.5 min |" in table(results)


def test_files_are_cut(tmp_path):
    (tmp_path / "log.csv").write_text("a,b\n" + "".join(f"{i},0\n" for i in range(10)))
    target = tmp_path / "cut"
    target.mkdir()
    machines.cut("log.csv", {"first.csv": (0, 4), "last.csv": (-3, None)})(tmp_path, target)
    columns = [np.loadtxt(target / name, delimiter=",", skiprows=1)[:, 0] for name in ("first.csv", "last.csv")]
    assert [x.tolist() for x in columns] == [[0, 1, 2, 3], [7, 8, 9]]


def test_the_document_contains_the_committed_table():
    text = DOCUMENT.read_text()
    assert filled(text, {"real": committed()}) == text
