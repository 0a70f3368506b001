"""A checkpoint of `dynax learn` is restored, and each content that no learning has written is one sentence."""

import io
from dataclasses import replace

import jax
import numpy as np
import pytest

from dynax.architectures import MLPDynamicsModel
from dynax.cli.learning import checkpoints
from dynax.config.schema import LearnConfig
from dynax.control import planners
from dynax.control.experience import Experience
from dynax.control.learning import Learning, RoundResult, TrainingResult
from dynax.control.tasks.swing_up import SwingUp
from dynax.data.trajectories import Trajectories
from dynax.envs import PendulumEnv
from dynax.errors import UserError
from dynax.runs import checkpoint
from dynax.runs.history import FILE, History
from dynax.runs.saved_model import config_of

ROUNDS = [RoundResult(0, 20, -1.5, False, None, None), RoundResult(1, 40, -0.5, True, 0.1, 0.2)]
FIT = TrainingResult(20, 0.1, 0.2)
save = checkpoint.save


def new_learning():
    model = MLPDynamicsModel(PendulumEnv(), hidden_dims=(4,))
    planner = planners.make({"name": "cem", "period": 0.05, "horizon": 0.2})
    return Learning(model, SwingUp(), planner, LearnConfig(transitions=80, random=20, seconds=1.0, segment=5))


def save_learning(path, rounds=ROUNDS):
    """Write a checkpoint after some rounds, and return what it contains."""
    learning, rng = new_learning(), np.random.default_rng(0)
    empty = learning.experience.segments
    segments = Trajectories(*(rng.normal(size=(5, *x.shape[1:])) for x in (empty.states, empty.actions)))
    variables = learning.model.create(jax.random.PRNGKey(0), learning.model.identity_normalization())
    learning.restore(rounds, Experience(segments, 40), variables, FIT)
    checkpoints.save(path, config_of(learning.model), learning, History(path / FILE), [1.0] * len(rounds))
    return learning


def test_rounds_experience_parameters_and_training_are_restored(tmp_path):
    old, new = save_learning(tmp_path), new_learning()
    checkpoints.restore(tmp_path, new)
    assert (new.rounds, new.fit, new.experience.transitions) == (ROUNDS, FIT, 40)
    for name in checkpoints.ARRAYS:
        np.testing.assert_array_equal(
            getattr(new.experience.segments, name), getattr(old.experience.segments, name), strict=True
        )
    jax.tree.map(np.testing.assert_array_equal, new.variables, old.variables)


def npy(array):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, allow_pickle=True)
    return stream.getvalue()


LARGE = npy(np.zeros((1, 1, 1))).replace(b"(1, 1, 1)", b"(9999999999, 9, 9)")
WRONG_FILES = {
    "is damaged: ": {"states": b"no array"},
    "is damaged: mmap length is greater": {"states": LARGE},
    "is damaged: Array can't be memory-mapped": {"actions": npy(np.array([{}]))},
    r"contains float64 of shape \(5, 2, 7\), but expected": {"states": npy(np.zeros((5, 2, 7)))},
    "it has 0 segments of states and 0 of actions": {
        "states": npy(np.zeros((0, 6, 2))),
        "actions": npy(np.zeros((0, 5, 1))),
    },
    "it has 3 segments of states and 5 of actions": {"states": npy(np.zeros((3, 6, 2)))},
    r"contains int64 of shape \(5, 5, 1\), but expected": {"actions": npy(np.zeros((5, 5, 1), int))},
}


@pytest.fixture
def save_changed(tmp_path, monkeypatch):
    """Return a function that writes a checkpoint with other files or another `run.json`."""

    def write(changed_files, changed_info):
        def change(path, epoch, trees, files, info):
            save(path, epoch, trees, files | changed_files, info | changed_info)

        monkeypatch.setattr(checkpoint, "save", change)
        save_learning(tmp_path)

    return write


@pytest.mark.parametrize("message", WRONG_FILES)
def test_arrays_that_no_learning_has_written_are_an_error(tmp_path, save_changed, message):
    save_changed({f"experience/{name}.npy": content for name, content in WRONG_FILES[message].items()}, {})
    with pytest.raises(UserError, match=message):
        checkpoints.restore(tmp_path, new_learning())


@pytest.mark.parametrize("fit", [{}, {"transitions": 1, "loss": "0", "val_nrmse": 0.1}, []])
def test_a_training_of_another_form_is_an_error(tmp_path, save_changed, fit):
    save_changed({}, {"fit": fit})
    with pytest.raises(UserError, match=r"run.json does not have the expected content: .*fit"):
        checkpoints.restore(tmp_path, new_learning())


def test_rounds_of_another_form_are_an_error(tmp_path):
    save_learning(tmp_path, [ROUNDS[0], replace(ROUNDS[1], success=1)])
    with pytest.raises(
        UserError, match=r"metrics.jsonl is damaged: a line does not have the expected content: .*success"
    ):
        checkpoints.restore(tmp_path, new_learning())


@pytest.mark.parametrize("rounds", [[ROUNDS[1]], [ROUNDS[0], replace(ROUNDS[1], transitions=20)]])
def test_rounds_that_do_not_follow_one_another_are_an_error(tmp_path, rounds):
    save_learning(tmp_path, rounds)
    with pytest.raises(UserError, match=r"metrics.jsonl is damaged: it must contain the rounds 0 to 1, with more"):
        checkpoints.restore(tmp_path, new_learning())
