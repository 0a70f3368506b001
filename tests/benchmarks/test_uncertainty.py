"""The table of the uncertainty of ensembles."""

from benchmarks import cases, uncertainty

RESULT = {
    "steps": [1, 10],
    "coverage": {"0.9": [0.91, 0.88]},
    "raw_coverage": {"0.9": [0.5, 0.6]},
    "relative_width": [1.25, 1.0],
    "rank_correlation": [0.7, 0.61],
    "trust_horizon": {"median_s": 1.5, "valid_median_s": 2.25, "too_long": 0.08},
}


def test_a_row_has_one_number_per_horizon():
    table = uncertainty.table({"cart_pole, point": RESULT})
    assert "at 1, 10 steps" in table
    assert "| cart_pole, point | 91, 88 | 50, 60 | 1.2, 1.0 | 0.70, 0.61 | 1.50 / 2.25 | 8 |" in table


def test_each_case_trains_an_ensemble_and_tests_it(tmp_path, monkeypatch):
    commands = []

    def run(folder, *words):
        commands.append(words)
        return [str(tmp_path / words[0])]

    monkeypatch.setattr(uncertainty, "run_dynax", run)
    monkeypatch.setattr(
        uncertainty, "read_summary", lambda path: {"uncertainty": RESULT} if path.name == "eval" else {}
    )
    monkeypatch.setattr(cases, "RESULTS", tmp_path)
    uncertainty.BENCHMARK.run(["cart_pole, gaussian"])
    train, test = commands
    assert {"model.ensemble_size=5", "model.head=gaussian", "env=cart_pole"} <= set(train)
    assert test == ("eval", f"run={tmp_path / 'train'}")
    assert "cart_pole, gaussian" in uncertainty.BENCHMARK.committed()
