"""The config of a run that is continued, and the options that may change."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from omegaconf import OmegaConf

from dynax.cli import resume
from dynax.errors import UserError
from dynax.runs.saved_model import Saved

RUN = Path("/runs/1")
CONFIG = {
    "env": {"name": "pendulum", "reset_qvel": [8.0]},
    "training": {"num_epochs": 10, "learning_rate": 1e-3, "gradient_clip": None, "resume": None},
    "model": {"architecture": "mlp", "hidden_dims": [16]},
    "dataset": None,
}
INFO = {"config": CONFIG, "dataset": "/data/x", "dataset_sha256": "abc", "epoch": 2}
SAVED = Saved(Path("run"), INFO, "<mujoco/>", {"arm.stl": b"solid"})


@pytest.fixture
def past_of(monkeypatch):
    """`resume.past_of` for overrides; the keyword arguments are values of the composed config."""

    def past_of(*overrides, **values):
        cfg = OmegaConf.merge(CONFIG, {"training": {"resume": str(RUN)}}, values)
        hydra = SimpleNamespace(get=lambda: SimpleNamespace(overrides=SimpleNamespace(task=list(overrides))))
        monkeypatch.setattr(resume, "HydraConfig", hydra)
        monkeypatch.setattr(resume.checkpoint, "read", lambda run, reader: SAVED)
        return resume.past_of(RUN, OmegaConf.create(cfg))

    return past_of


def test_a_run_continues_with_its_own_config(past_of):
    past = past_of("training.resume=/runs/1")
    assert past == resume.Past(RUN, CONFIG, SAVED, changed=False)
    assert (past.dataset, past.epoch) == (Path("/data/x"), 2)


def test_defaults_of_the_command_line_are_ignored(past_of):
    """Only overrides are compared, because defaults may have changed since the run started."""
    past = past_of("training.resume=/runs/1", training={"learning_rate": 5.0}, model={"hidden_dims": [512]})
    assert past.config == CONFIG


def test_the_number_of_epochs_may_change(past_of):
    past = past_of("training.num_epochs=20", training={"num_epochs": 20})
    assert past.config == CONFIG | {"training": CONFIG["training"] | {"num_epochs": 20}}
    assert past.changed


@pytest.mark.parametrize(
    "override", ["training=smoke", "model=mlp", "model.hidden_dims=[16]", "training.gradient_clip=null"]
)
def test_values_of_the_run_may_be_repeated(past_of, override):
    assert past_of(override).config == CONFIG


@pytest.mark.parametrize(
    ("override", "values", "difference"),
    [
        (
            "training.learning_rate=1",
            {"training": {"learning_rate": 1}},
            "training.learning_rate is 0.001 in the run, not 1",
        ),
        ("training=fast", {"training": {"learning_rate": 1}}, "training.learning_rate is 0.001 in the run, not 1"),
        (
            "training.gradient_clip=1",
            {"training": {"gradient_clip": 1}},
            "training.gradient_clip is null in the run, not 1",
        ),
        ("model.hidden_dims=[8]", {"model": {"hidden_dims": [8]}}, "model.hidden_dims is [16] in the run, not [8]"),
        ("+model.depth=2", {"model": {"depth": 2}}, "model.depth is null in the run, not 2"),
        ("~env.reset_qvel", {"env": {"reset_qvel": None}}, "env.reset_qvel is [8.0] in the run, not null"),
        ("dataset=/data/y", {"dataset": "/data/y"}, "dataset is null in the run, not /data/y"),
    ],
)
def test_other_values_may_not_change(past_of, override, values, difference):
    with pytest.raises(UserError) as error:
        past_of(override, **values)
    assert str(error.value).startswith("training.resume=/runs/1 continues with the config of the run")
    assert str(error.value).endswith(f"may change: {difference}")


def test_another_dataset_is_rejected():
    past = resume.Past(RUN, CONFIG, SAVED, changed=False)
    past.check_dataset(SimpleNamespace(path=Path("/data/y"), sha256="abc"))
    with pytest.raises(UserError, match="was trained on /data/x, but /data/y has other content"):
        past.check_dataset(SimpleNamespace(path=Path("/data/y"), sha256="def"))
