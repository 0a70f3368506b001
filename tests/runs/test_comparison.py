"""The comparison of the runs of a sweep."""

import pytest

from dynax.errors import UserError
from dynax.runs.comparison import Comparison
from dynax.runs.summary import write_summary

TRAINING = {"best_val_valid_time_s": 1.0, "best_val_nrmse": 0.2, "training_time_s": 60.0, "parameters": 100}


def write_run(run, command, overrides, content):
    (run / ".hydra").mkdir(parents=True)
    (run / ".hydra" / "overrides.yaml").write_text("".join(f"- {override}\n" for override in overrides))
    if content is not None:
        write_summary(run, command, content)
    return run


def scores(vpt, nrmse):
    return {"model": {"nrmse": {"1": nrmse / 10, "100": nrmse}, "vpt": {"0.1": {"median_s": vpt, "capped": False}}}}


@pytest.fixture
def sweep(tmp_path):
    """Three trainings with other seeds, one of them unfinished."""
    for seed, vpt in enumerate([1.0, 2.0]):
        content = TRAINING | {"best_val_valid_time_s": vpt}
        overrides = [f"training.seed={seed}", "env=pendulum", "'+model.note=a b'"]
        write_run(tmp_path / str(seed), "train", overrides, content)
    write_run(tmp_path / "2", "train", ["training.seed=2"], None)
    return tmp_path


def test_trainings_are_ranked_by_their_validation(sweep):
    found = Comparison.of(sweep, horizon=100)
    assert (found.command, found.horizon, found.unfinished) == ("train", None, 1)
    assert [row["rank"] for row in found.rows()] == [1, 2]
    assert [(row["training.seed"], row["vpt_s"]) for row in found.rows()] == [("1", 2.0), ("0", 1.0)]
    assert list(next(found.rows())) == [
        "rank", "training.seed", "vpt_s", "nrmse", "training_time_s", "parameters", "run",
    ]  # fmt: skip


def test_evaluations_have_the_options_of_their_trainings_and_the_error_of_a_horizon(sweep, tmp_path):
    folder = tmp_path / "evaluations"
    for seed, vpt in enumerate([3.0, 3.0]):
        content = {"trained_run": str(sweep / str(seed)), "scores": scores(vpt, 0.5 - 0.1 * seed)}
        write_run(folder / str(seed), "eval", [f"run={sweep / str(seed)}"], content)
    found = Comparison.of(folder, horizon=100)
    assert (found.error_name, found.unfinished) == ("nRMSE @100", 0)
    assert [(entry.options, entry.vpt_s, entry.nrmse) for entry in found.entries] == [
        ({"training.seed": "1"}, 3.0, 0.4),
        ({"training.seed": "0"}, 3.0, 0.5),
    ]
    with pytest.raises(UserError, match=r"horizon=70: .* has the errors after 1, 100 steps"):
        Comparison.of(folder, horizon=70)


def test_a_folder_without_finished_runs_is_wrong(tmp_path):
    write_run(tmp_path / "0", "train", [], None)
    with pytest.raises(UserError, match="no finished run of dynax train or eval"):
        Comparison.of(tmp_path, horizon=100)


def test_runs_of_two_commands_are_not_compared(sweep):
    write_run(sweep / "3", "eval", [], {"trained_run": str(sweep / "0"), "scores": scores(1.0, 1.0)})
    with pytest.raises(UserError, match="runs of both"):
        Comparison.of(sweep, horizon=100)


@pytest.mark.parametrize("key", ["best_val_valid_time_s", "best_val_nrmse", "training_time_s"])
@pytest.mark.parametrize("value", [float("inf"), float("nan"), -1.0])
def test_a_number_without_a_meaning_is_damage(tmp_path, key, value):
    write_run(tmp_path / "0", "train", [], TRAINING | {key: value})
    with pytest.raises(UserError, match=f"damaged.*{key} must be a number from"):
        Comparison.of(tmp_path, horizon=100)


def test_a_summary_of_other_content_is_damage(tmp_path):
    write_run(tmp_path / "0", "train", [], {"parameters": "many"})
    with pytest.raises(UserError, match="damaged"):
        Comparison.of(tmp_path, horizon=100)
