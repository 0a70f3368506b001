"""`dynax learn`: its files, its summary, interruptions, and wrong input."""

import json
import shutil

import pytest
from in_process import without_log

pytestmark = pytest.mark.slow

WORDS = (
    "learn", "task=swing_up", "env=pendulum", "learn=smoke", "model.hidden_dims=[8]",
    "training.optimizer=adam", "learn.transitions=80",
)  # fmt: skip
ROUND = {"number", "transitions", "total", "success", "loss", "val_nrmse"}


def rounds(run):
    return json.loads((run / "summary.json").read_text())["rounds"]


def test_learn_is_stopped_and_continued_with_the_same_bits(dynax, documented):
    """The run is stopped after its first checkpoint. The next round is then repeated."""
    whole = dynax(*WORDS).path
    assert whole.parent == dynax.folder / "outputs" / "learn" / "pendulum-mlp"
    assert {file.name for file in whole.iterdir()} == {
        ".hydra", ".lock", "checkpoints", "dynax.log", "identity.json", "learning.png", "metrics.jsonl", "summary.json",
    }  # fmt: skip
    summary = json.loads((whole / "summary.json").read_text())
    assert set(summary) == documented["learn"]
    assert all(set(result) == ROUND for result in summary["rounds"])
    assert [result["transitions"] for result in summary["rounds"]] == [20, 40, 60, 80]

    stopped = dynax(*WORDS, "learn.transitions=40").path
    (stopped / "summary.json").unlink()
    for file in stopped.rglob("run.json"):
        assert json.loads(file.read_text())["epoch"] == 1
    again = ("learn", f"training.resume={stopped}")
    for wrong in ("10", "zero", "null", "-5"):
        finished = dynax(*again, f"learn.transitions={wrong}")
        assert (finished.code, finished.out) == (2, "")
        assert f"learn.transitions={wrong}" in finished.err
    finished = dynax(*again, "learn.transitions=80")
    assert finished.path == stopped
    assert rounds(stopped) == rounds(whole)
    for name in ("states.npy", "actions.npy"):
        ours, theirs = (run / "checkpoints" / "epoch-00003" / "experience" / name for run in (stopped, whole))
        assert ours.read_bytes() == theirs.read_bytes()
    assert len(list((stopped / "checkpoints").iterdir())) == 1
    assert dynax(*again, "learn.transitions=80").path == stopped

    shutil.rmtree(whole / "checkpoints")
    planned = dynax("plan", f"run={stopped}", "task=swing_up", "plan=smoke", "plan.backend=software", "plan.compare=[]")
    assert planned.path.parent.name == "pendulum-mlp"
    picture = ("render.backend=software", "render.seconds=0.1", "render.formats=[gif]")
    for words, name in (("eval", "eval=smoke"), "summary.json"), (("render", *picture), "trajectory.gif"):
        assert (dynax(words[0], f"run={stopped}", *words[1:]).path / name).exists()
    assert (dynax("export", f"run={stopped}", "format=numpy").path / "model.py").exists()


def test_a_run_of_learn_is_not_continued_by_train(dynax):
    run = dynax(*WORDS, "learn.transitions=40").path
    finished = dynax("train", f"training.resume={run}")
    assert (finished.code, finished.out) == (2, "")
    assert "is a run of `dynax learn`: continue it with that command" in finished.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["learn.transitions=30"], "leaves no transitions for an episode after the random ones: increase it to"),
        (["learn.random=1000"], "learn.transitions=80 is out of range: it must be at least 1000"),
        (["task=reach"], "does not fit the robot pendulum"),
    ],
)
def test_wrong_input_leaves_nothing(dynax, words, message):
    finished = dynax(*WORDS, *words)
    assert (finished.code, finished.out) == (2, "")
    assert message in without_log(finished.err)[-1]
    assert not [path for path in dynax.made() if "learn" in path]
