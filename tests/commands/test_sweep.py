"""A sweep of real trainings, and of what follows them."""

from pathlib import Path

import pytest


@pytest.mark.slow
def test_joblib_trains_in_parallel_and_its_runs_are_judged_in_a_sweep(dynax):
    small = ["model.hidden_dims=[8]", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]
    trained = dynax.process("train", "-m", "training=smoke", "training.seed=0,1", *small)
    assert trained.code == 0, trained.err
    runs = [Path(line) for line in trained.out.splitlines()]
    assert [run.name for run in runs] == ["0", "1"]
    assert all((run / "summary.json").is_file() for run in runs)
    assert len({run.parent for run in runs}) == 1
    both = ",".join(map(str, runs))
    for command in (["eval", "eval=smoke"], ["render", "render=smoke", "render.backend=software"]):
        followed = dynax.process(command[0], "-m", f"run={both}", *command[1:])
        assert followed.code == 0, followed.err
        assert [Path(line).name for line in followed.out.splitlines()] == ["0", "1"]
