"""A sweep of real trainings, followed by sweeps of evaluation and rendering."""

from pathlib import Path

import pytest
from in_process import without_log


@pytest.mark.slow
def test_joblib_trains_in_parallel_and_the_runs_are_evaluated_ranked_and_rendered(dynax):
    small = ["model.hidden_dims=[8]", "training.optimizer=adam", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    trained = dynax.process("train", "-m", "training=smoke", "training.seed=0,1", *small)
    assert trained.code == 0, trained.err
    runs = [Path(line) for line in trained.out.splitlines()]
    assert [run.name for run in runs] == ["0", "1"]
    assert all((run / "summary.json").is_file() for run in runs)
    assert len({run.parent for run in runs}) == 1
    for words in (["eval"], ["render", "render.backend=software"]):
        finished = dynax(words[0], "-m", f"run={','.join(map(str, runs))}", *words[1:])
        assert finished.code == 0, finished.err
        assert f"dynax: using {words[0]}=smoke, because " in finished.err
        assert [Path(line).name for line in finished.out.splitlines()] == ["0", "1"]
        if words[0] == "eval":
            ranked = dynax("compare", f"sweep={Path(finished.out.splitlines()[0]).parent}")
            assert ranked.code == 0, ranked.err
            assert "2 runs of dynax eval" in ranked.err
            lines = (ranked.path / "ranking.csv").read_text().splitlines()
            assert lines[0] == "rank,training.seed,vpt_s,nrmse,training_time_s,parameters,run"
            assert sorted(line.split(",")[1] for line in lines[1:]) == ["0", "1"]


@pytest.mark.slow
def test_a_horizon_that_no_evaluation_has_is_wrong_for_trainings_too(dynax, workshop):
    sweep = workshop.trained().parent
    finished = dynax("compare", f"sweep={sweep}", "horizon=7")
    assert (finished.code, finished.out) == (2, "")
    message = "dynax: horizon=7: evaluations have the errors after 1, 10, 50, 100, 500, 1000 steps; choose one"
    assert without_log(finished.err) == [message]
    assert not dynax.made()
