"""Checkpoints of a run: the newest complete one of this run is kept and read."""

import json
import shutil

import jax.numpy as jnp
import pytest

from dynax.errors import RunError, UserError
from dynax.runs import arrays, checkpoint, sealed
from dynax.runs.history import History

INFO = {
    "config": {"env": {"name": "toy"}, "model": {"architecture": "mlp"}},
    "classes": {"env": "MjcfEnv", "model": "MLPDynamicsModel"},
    "plugins": [],
    "dataset": "/data",
    "dataset_sha256": "0",
    "best_epoch": 1,
    "best_val_nrmse": 0.5,
}


def save(run, epoch, value=1.0):
    return checkpoint.save(run, epoch, {"model": {"x": jnp.full(2, value)}}, {"robot.xml": b""}, INFO)


def epoch_of(path):
    return sealed.read_info(path)["epoch"]


def message(run):
    """Return the error of `read`, which is one line."""
    with pytest.raises(UserError) as error:
        checkpoint.read(run, epoch_of)
    assert "\n" not in str(error.value)
    return str(error.value)


def names(run):
    return sorted(path.name for path in (run / "checkpoints").iterdir())


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
    for name in (".epoch-00002.partial", ".epoch-00003.partial", ".epoch-00001.deleted"):
        (tmp_path / "checkpoints" / name / "model").mkdir(parents=True)
        (tmp_path / "checkpoints" / name / "model" / "half").write_text("of a file")
    assert checkpoint.read(tmp_path, epoch_of) == 1
    path = save(tmp_path, 2)
    assert not (path / "model" / "half").exists()
    assert names(tmp_path) == ["epoch-00002"]


def test_other_files_beside_the_checkpoints_are_kept(tmp_path):
    save(tmp_path, 1)
    (tmp_path / "checkpoints" / "epoch-notes").mkdir()
    (tmp_path / "checkpoints" / "epoch-00007").write_text("a file")
    save(tmp_path, 2)
    assert names(tmp_path) == ["epoch-00002", "epoch-00007", "epoch-notes"]


def test_a_save_that_fails_keeps_the_predecessor(tmp_path, monkeypatch):
    save(tmp_path, 1)
    monkeypatch.setattr(arrays, "read_tree", lambda path, tree: {"x": jnp.zeros(2)})
    with pytest.raises(RunError, match="differ from the arrays that were written"):
        save(tmp_path, 2)
    assert names(tmp_path) == ["epoch-00001"]
    assert checkpoint.read(tmp_path, epoch_of) == 1


def test_a_kill_while_a_checkpoint_of_the_same_epoch_is_replaced_loses_nothing(tmp_path):
    path = save(tmp_path, 1)
    path.rename(path.with_name(".epoch-00001.replaced"))
    assert checkpoint.read(tmp_path, epoch_of) == 1
    save(tmp_path, 1, 2.0)
    assert names(tmp_path) == ["epoch-00001"]


def test_checkpoints_are_in_the_order_of_their_epochs(tmp_path):
    for epoch in (100_000, 2, 99_999):
        path = tmp_path / "checkpoints" / f"epoch-{epoch:05d}"
        path.mkdir(parents=True)
        (path / "run.json").touch()
    assert checkpoint.latest(tmp_path).name == "epoch-100000"


@pytest.mark.parametrize("content", [None, "model"])
def test_a_directory_without_a_seal_does_not_hide_a_checkpoint(tmp_path, caplog, content):
    save(tmp_path, 1)
    other = tmp_path / "checkpoints" / "epoch-00099"
    other.mkdir()
    if content:
        (other / content).mkdir()
    assert checkpoint.read(tmp_path, epoch_of) == 1
    assert f"{other} is not a complete checkpoint and is ignored" in caplog.text
    save(tmp_path, 2)
    assert names(tmp_path) == ["epoch-00002"]


def test_a_sealed_directory_is_its_own_checkpoint(tmp_path):
    path = save(tmp_path, 1)
    assert checkpoint.latest(path) == path
    assert checkpoint.read(path, epoch_of) == 1


def test_damage_is_reported(tmp_path):
    (save(tmp_path, 1) / "robot.xml").write_text("other")
    assert "the checkpoint is damaged: the SHA-256 of " in message(tmp_path)


def test_a_checkpoint_of_another_run_is_an_error(tmp_path):
    for name in ("one", "two"):
        save(tmp_path / name, 1)
    shutil.rmtree(tmp_path / "one" / "checkpoints")
    shutil.copytree(tmp_path / "two" / "checkpoints", tmp_path / "one" / "checkpoints")
    assert f"is a checkpoint of another run, not of {tmp_path / 'one'}" in message(tmp_path / "one")


def test_a_checkpoint_of_another_epoch_is_an_error(tmp_path):
    path = save(tmp_path, 1)
    path.rename(path.with_name("epoch-00002"))
    assert "epoch-00002 is the checkpoint of epoch 1" in message(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("content", [None, "{}", '{"run_id": 1}', "x", '{"run_id": "other"}'])
def test_a_damaged_identity_is_an_error(tmp_path, content):
    save(tmp_path, 1)
    (tmp_path / "identity.json").unlink()
    if content is not None:
        (tmp_path / "identity.json").write_text(content)
    assert "another run" in message(tmp_path) or "identity.json" in message(tmp_path)


def test_metrics_are_part_of_a_checkpoint(tmp_path):
    history = History(tmp_path / "metrics.jsonl")
    history.append({"epoch": 1, "loss": 0.5})
    save(tmp_path, 1)
    history.append({"epoch": 2, "loss": 0.25})
    assert checkpoint.read(tmp_path, epoch_of) == 1
    content = history.path.read_bytes()
    for changed in (content.replace(b"0.5", b"0.4"), content[:10], b""):
        history.path.write_bytes(changed)
        assert "metrics.jsonl is damaged" in message(tmp_path)
    history.path.unlink()
    assert "metrics.jsonl is damaged" in message(tmp_path)


def test_a_checkpoint_without_the_keys_of_a_checkpoint_is_an_error(tmp_path):
    path = save(tmp_path, 1)
    info = json.loads((path / "run.json").read_text())
    del info["best_epoch"]
    sealed.write(path, {}, {}, info)
    assert "the key best_epoch is missing" in message(tmp_path)


def test_a_missing_directory_is_not_a_run(tmp_path):
    with pytest.raises(UserError, match=f"^run={tmp_path}/nowhere is not a directory$"):
        checkpoint.latest(tmp_path / "nowhere")


def test_a_directory_without_checkpoints_is_not_a_run(tmp_path):
    with pytest.raises(UserError, match=r"contains no complete checkpoints/epoch-\*: it is not a training run, or the"):
        checkpoint.latest(tmp_path)
