"""A training that stops within an epoch and continues gives the same bits, whatever the length of the pieces."""

import jax
import numpy as np
import pytest
from toys import ADAM, Dropping, epochs, same, start

from dynax.config.schema import TrainingConfig
from dynax.runs import sealed
from dynax.runs.arrays import read_tree
from dynax.training import epochs as module

# Four epochs: one of one step, one of each horizon, and one of second-order fine-tuning.
STAGES = {
    **ADAM, "num_epochs": 1, "batch_size": 64, "input_noise": 0.01, "unroll_epochs": 1, "unroll_horizons": (2, 4),
    "finetune_steps": 3, "patience": 5,
}  # fmt: skip
METHODS = ["levenberg_marquardt", "lbfgs"]


def stages(method):
    """The second method follows a training with two shards, whose optimizer is divided."""
    options = STAGES | ({"shards": 2, "optimizer": "soap"} if method == "lbfgs" else {"shards": 1})
    return TrainingConfig(finetune=method, **options)


@pytest.fixture(scope="module", params=METHODS)
def uninterrupted(request, slide, sliding):
    """The settings and the epochs of a training through all stages."""
    return stages(request.param), epochs(Dropping(env=slide), sliding, stages(request.param))


@pytest.mark.slow
@pytest.mark.parametrize("uninterrupted", METHODS[:1], indirect=True)
def test_longer_pieces_do_not_change_the_result(slide, sliding, uninterrupted, monkeypatch):
    monkeypatch.setattr(module, "PIECE_SECONDS", 1e9)
    config, trained = uninterrupted
    again = epochs(Dropping(env=slide), sliding, config)
    assert same([e.state for e in again], [e.state for e in trained])
    assert [e.metrics for e in again] == [e.metrics for e in trained]


@pytest.mark.slow
def test_a_training_continued_within_an_epoch_of_any_stage_gives_the_same_bits(
    slide, sliding, uninterrupted, monkeypatch, tmp_path
):
    """Pieces of one update. Other trainings restore the state and the position from files."""
    monkeypatch.setattr(module, "PIECE_SECONDS", 0.0)
    config, trained = uninterrupted
    training, metrics, pieces, moves = start(Dropping(env=slide), sliding, config), [], 0, []
    while training.stage is not None:
        result = training.advance()
        metrics += [result] if result else []
        pieces += 1
        if pieces in (3, 12, 21, 25):
            moves.append(training.stage.name)
            training = moved(training, start(Dropping(env=slide), sliding, config, seed=9), tmp_path / str(pieces))
    assert metrics == [e.metrics for e in trained]
    assert pieces > 2 * len(metrics)
    assert same(training.state, trained[-1].state)
    assert len(set(moves)) == 4


def moved(training, other, path):
    """Continue `training` in `other`, through files."""
    sealed.write(path, {"training": training.state, "progress": training.position}, {}, {})
    other.restore(read_tree(path / "training", other.state))
    other.restore_position(read_tree(path / "progress", other.position_template()))
    return other


@pytest.mark.slow
def test_a_training_between_two_epochs_has_no_position(slide, sliding):
    training = start(Dropping(env=slide), sliding, stages("none"))
    assert training.position is None
    training.step()
    assert training.position is None


def test_a_position_outlives_the_next_piece(slide, sliding, monkeypatch):
    monkeypatch.setattr(module, "PIECE_SECONDS", 0.0)
    training = start(Dropping(env=slide), sliding, stages("none"))
    training.advance()
    before = training.position
    kept = jax.tree.map(np.array, before)
    training.advance()
    assert same(before, kept)
    assert int(training.position.position) == 2
