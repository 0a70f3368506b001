"""Several trainings as one program: each has the results of a training of its own, up to rounding."""

import dataclasses

import jax
import numpy as np
import pytest
from toys import ADAM, Dropping, epochs

from dynax import TrainingConfig
from dynax.errors import UserError
from dynax.training import TrainingGroup, TrainingSet, group
from dynax.training import epochs as epochs_module
from dynax.training.training import Training

BASE = {**ADAM, "num_epochs": 3, "batch_size": 64, "shards": 1, "val_rollouts": 4, "input_noise": 0.01}
NUMBERS = [
    {"seed": 3, "learning_rate": 0.01, "weight_decay": 0.0, "gradient_clip": 1.0, "ema_decay": 0.9},
    {"seed": 4, "learning_rate": 0.03, "weight_decay": 1e-3, "gradient_clip": 0.1, "ema_decay": 0.99},
    {"seed": 4, "learning_rate": 0.02, "weight_decay": 1e-2, "gradient_clip": 0.5, "ema_decay": 0.5},
]


def configs(**options):
    return [TrainingConfig(**{**BASE, **numbers, **options}) for numbers in NUMBERS]


def trainings(slide, sliding, settings):
    model = Dropping(env=slide)
    train = TrainingSet.of(model, sliding[0])
    return [Training(model, train, sliding[1], each, each.seed) for each in settings]


def run(trained):
    """Return the metrics of each training of a group."""
    metrics = [[] for _ in trained.trainings]
    while not trained.is_complete:
        for i, result in trained.advance().items():
            metrics[i].append(result)
    return metrics


def assert_close(found, expected, tolerance=1e-5):
    assert [m.epoch for m in found] == [m.epoch for m in expected]
    for name in ("loss", "val_nrmse", "val_valid_time"):
        values = [getattr(m, name) for m in found], [getattr(m, name) for m in expected]
        np.testing.assert_allclose(*values, rtol=tolerance)


def test_each_training_is_as_if_it_were_alone(slide, sliding):
    settings = configs()
    trained = TrainingGroup(trainings(slide, sliding, settings))
    for config, metrics, training in zip(settings, run(trained), trained.trainings, strict=True):
        alone = epochs(Dropping(env=slide), sliding, config, seed=config.seed)
        assert_close(metrics, [epoch.metrics for epoch in alone])
        for a, b in zip(jax.tree.leaves(training.state), jax.tree.leaves(alone[-1].state), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["soap", "muon", "adamw"])
def test_every_optimizer(slide, sliding, optimizer):
    settings = configs(optimizer=optimizer, shards=2)
    for config, metrics in zip(settings, run(TrainingGroup(trainings(slide, sliding, settings))), strict=True):
        alone = epochs(Dropping(env=slide), sliding, config, seed=config.seed)
        assert_close(metrics, [epoch.metrics for epoch in alone], 1e-3 if optimizer == "soap" else 1e-5)


@pytest.mark.slow
def test_batches_of_all_trainings_have_the_same_results(slide, sliding, monkeypatch):
    """The program of a GPU, on the devices of this machine."""
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    settings = configs()
    found = run(TrainingGroup(trainings(slide, sliding, settings)))
    monkeypatch.undo()
    for config, metrics in zip(settings, found, strict=True):
        alone = epochs(Dropping(env=slide), sliding, config, seed=config.seed)
        assert_close(metrics, [epoch.metrics for epoch in alone])


@pytest.mark.slow
def test_all_stages(slide, sliding):
    """The trainings whose patience has ended wait for the others. Second-order steps follow for each alone."""
    options = {"unroll_epochs": 1, "unroll_horizons": (2, 4), "finetune": "lbfgs", "finetune_steps": 3}
    settings = configs(num_epochs=6, patience=1, **options)
    found = run(TrainingGroup(trainings(slide, sliding, settings)))
    for config, metrics in zip(settings, found, strict=True):
        alone = epochs(Dropping(env=slide), sliding, config, seed=config.seed)
        assert_close(metrics, [epoch.metrics for epoch in alone], 1e-3)
    assert len({tuple(m.epoch for m in metrics) for metrics in found}) > 1, "patience ends the trainings differently"


def test_a_training_continues_alone_within_an_epoch(slide, sliding, monkeypatch):
    monkeypatch.setattr(epochs_module, "PIECE_SECONDS", 0.0)
    settings = configs()
    trained = TrainingGroup(trainings(slide, sliding, settings))
    for _ in range(4):
        assert trained.advance() == {}
    trained.synchronize()
    training = trained.trainings[1]
    assert int(training.position.position) == 4
    alone = epochs(Dropping(env=slide), sliding, settings[1], seed=settings[1].seed)
    assert_close(list(iter(training.step, None)), [epoch.metrics for epoch in alone])


def test_a_group_continues_within_an_epoch(slide, sliding, monkeypatch):
    monkeypatch.setattr(epochs_module, "PIECE_SECONDS", 0.0)
    settings = configs()
    first = TrainingGroup(trainings(slide, sliding, settings))
    for _ in range(4):
        first.advance()
    first.synchronize()
    for config, metrics in zip(settings, run(TrainingGroup(first.trainings)), strict=True):
        alone = epochs(Dropping(env=slide), sliding, config, seed=config.seed)
        assert_close(metrics, [epoch.metrics for epoch in alone])


@pytest.mark.slow
def test_a_group_continues_within_the_first_epoch_of_a_stage(slide, sliding, monkeypatch):
    monkeypatch.setattr(epochs_module, "PIECE_SECONDS", 0.0)
    settings = configs(num_epochs=1, unroll_epochs=1, unroll_horizons=(2,))
    first = TrainingGroup(trainings(slide, sliding, settings))
    while not first.advance():
        pass
    first.advance()
    first.synchronize()
    assert int(first.trainings[0].position.position) == 1
    for config, metrics in zip(settings, run(TrainingGroup(first.trainings)), strict=True):
        alone = epochs(Dropping(env=slide), sliding, config, seed=config.seed)
        assert_close(metrics, [epoch.metrics for epoch in alone[1:]])


def test_a_training_that_diverges_does_not_end_the_others(slide, sliding):
    settings = configs()
    settings[1] = dataclasses.replace(settings[1], learning_rate=1e6)
    trained = TrainingGroup(trainings(slide, sliding, settings))
    metrics = run(trained)
    assert [len(each) for each in metrics] == [3, 0, 3]
    assert "training diverged in epoch 1: " in str(trained.failures[1])
    assert "learning_rate (now 1e+06)" in str(trained.failures[1])


def test_too_little_memory_splits_the_group(slide, sliding, monkeypatch, caplog):
    settings, original = configs(), group.GroupEpoch.run_piece

    def run_piece(epoch):
        if len(epoch.members) > 1:
            raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory")
        original(epoch)

    monkeypatch.setattr(group.GroupEpoch, "run_piece", run_piece)
    trained = TrainingGroup(trainings(slide, sliding, settings))
    for config, metrics in zip(settings, run(trained), strict=True):
        alone = epochs(Dropping(env=slide), sliding, config, seed=config.seed)
        assert_close(metrics, [epoch.metrics for epoch in alone])
    assert "3 models need too much memory: training 2 at once" in caplog.text
    assert "2 models need too much memory: training 1 at once" in caplog.text


def test_too_little_memory_for_one_training(slide, sliding, monkeypatch):
    def run_piece(epoch):
        raise jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory")

    monkeypatch.setattr(group.GroupEpoch, "run_piece", run_piece)
    with pytest.raises(UserError, match="too little memory for one training"):
        run(TrainingGroup(trainings(slide, sliding, configs()[:1])))


def test_other_settings_and_other_data_are_errors(slide, sliding):
    with pytest.raises(UserError, match="a group needs at least one training"):
        TrainingGroup([])
    settings = configs()
    settings[1] = dataclasses.replace(settings[1], batch_size=32)
    with pytest.raises(UserError, match="the trainings of a group must have the same batch_size"):
        TrainingGroup(trainings(slide, sliding, settings))
    settings = configs()
    with pytest.raises(UserError, match="must have the same training set"):
        TrainingGroup([*trainings(slide, sliding, settings), *trainings(slide, sliding, settings)])


@pytest.mark.parametrize("change", [{"ema_decay": None}, {"input_noise": 0.0}, {"optimizer": "soap"}])
def test_settings_that_change_the_program_cannot_differ(slide, sliding, change):
    settings = configs()
    settings[2] = dataclasses.replace(settings[2], **change)
    with pytest.raises(UserError, match="the trainings of a group must have the same"):
        TrainingGroup(trainings(slide, sliding, settings))
