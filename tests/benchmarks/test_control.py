"""Test the benchmark of control: the table of given results, and the committed table."""

from benchmarks import control
from benchmarks.document import filled


def test_the_table_has_a_row_for_each_predictor():
    times = {"wall_p50_s": 0.01, "wall_p95_s": 0.02, "cpu_p95_s": 0.015}
    figures = {"return_mean": 850.2, "return_std": 3.4, "successes": 9, "episodes": 10}
    results = [{"predictor": "lagrangian", **figures, **times}, {"predictor": "random actions", **figures}]
    assert control.table(results).splitlines()[2:] == [
        "| lagrangian | 850 ± 3 | 9 of 10 | 10.0 ms | 20.0 ms | 15.0 ms |",
        "| random actions | 850 ± 3 | 9 of 10 | | | |",
    ]


def test_the_document_contains_the_committed_results():
    text = control.DOCUMENT.read_text()
    assert filled(text, {"control": control.committed()}) == text
