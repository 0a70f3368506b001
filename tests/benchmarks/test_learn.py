"""Test the benchmark of learning: the table of given results, and the committed table."""

from benchmarks import learn
from benchmarks.document import filled


def test_the_table_has_a_row_for_each_case():
    rounds = [{"transitions": 100}, {"transitions": 200}]
    tests = {"model": {"return_mean": 160.2, "successes": 9}, "mujoco": {"return_mean": 168.0}}
    results = [
        {"case": "suite cart pole, mlp", "seed": seed, "rounds": rounds, "tests": tests, "dt_s": 0.05}
        for seed in (0, 1)
    ]
    assert learn.table(results).splitlines()[2:] == [
        "| suite cart pole, mlp | 1,000 transitions | 10 s | 801, 801 | 18 of 20 | 840 |",
    ]


def test_without_episodes_of_mujoco_the_table_has_no_column_for_them():
    tests = {"model": {"return_mean": 160.2, "successes": 9}}
    result = {"case": "suite cart pole, mlp", "rounds": [{"transitions": 200}], "tests": tests, "dt_s": 0.05}
    assert learn.table([result]).splitlines()[2:] == [
        "| suite cart pole, mlp | 1,000 transitions | 10 s | 801 | 9 of 10 |"
    ]


def test_the_document_contains_the_committed_results():
    text = learn.DOCUMENT.read_text()
    assert filled(text, {"learn": learn.committed()}) == text
