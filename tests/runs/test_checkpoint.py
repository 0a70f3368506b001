"""Checkpoints of a run: the newest is kept and read."""

import jax.numpy as jnp
import pytest

from dynax.errors import UserError
from dynax.runs import checkpoint, sealed


def save(run, epoch):
    return checkpoint.save(run, epoch, {"model": {"x": jnp.ones(2)}}, {"robot.xml": b""}, {"epoch": epoch})


def epoch_of(path):
    return sealed.read_info(path)["epoch"]


def test_the_newest_checkpoint_is_kept(tmp_path):
    save(tmp_path, 1)
    path = save(tmp_path, 3)
    assert checkpoint.checkpoints(tmp_path) == [path]
    assert checkpoint.read(tmp_path, epoch_of) == 3


def test_a_checkpoint_that_is_replaced_while_it_is_read_is_read_again(tmp_path, monkeypatch):
    save(tmp_path, 1)
    verify = sealed.verify

    def slowly(path):
        monkeypatch.setattr(sealed, "verify", verify)
        save(tmp_path, 2)
        verify(path)

    monkeypatch.setattr(sealed, "verify", slowly)
    assert checkpoint.read(tmp_path, epoch_of) == 2


def test_an_interrupted_save_is_ignored_and_replaced(tmp_path):
    save(tmp_path, 1)
    draft = tmp_path / "checkpoints" / ".epoch-00002.partial"
    (draft / "model").mkdir(parents=True)
    (draft / "model" / "half").write_text("of a file")
    assert checkpoint.read(tmp_path, epoch_of) == 1
    path = save(tmp_path, 2)
    assert not (path / "model" / "half").exists()
    assert [p.name for p in (tmp_path / "checkpoints").iterdir()] == ["epoch-00002"]


def test_checkpoints_are_in_the_order_of_their_epochs(tmp_path):
    for epoch in (100_000, 2, 99_999):
        (tmp_path / "checkpoints" / f"epoch-{epoch:05d}").mkdir(parents=True)
    assert checkpoint.latest(tmp_path).name == "epoch-100000"


def test_a_sealed_directory_is_its_own_checkpoint(tmp_path):
    path = save(tmp_path, 1)
    assert checkpoint.latest(path) == path


def test_damage_is_reported(tmp_path):
    (save(tmp_path, 1) / "robot.xml").write_text("other")
    with pytest.raises(UserError, match=r"the checkpoint is damaged: the SHA-256 of .*robot.xml differs"):
        checkpoint.read(tmp_path, epoch_of)


def test_a_missing_directory_is_not_a_run(tmp_path):
    with pytest.raises(UserError, match=f"^run={tmp_path}/nowhere is not a directory$"):
        checkpoint.latest(tmp_path / "nowhere")


def test_a_directory_without_checkpoints_is_not_a_run(tmp_path):
    with pytest.raises(UserError, match=r"contains no checkpoints/epoch-\*: it is not a training run, or the training"):
        checkpoint.latest(tmp_path)
