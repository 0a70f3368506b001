"""What a run that is continued brings along, and what of its config may be said again or changed."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from omegaconf import OmegaConf

from dynax.cli import resume
from dynax.errors import UserError

RUN = Path("/runs/1")
SAVED = {
    "env": {"name": "pendulum", "reset_qvel": [8.0]},
    "training": {"num_epochs": 10, "learning_rate": 1e-3, "gradient_clip": None, "resume": None},
    "model": {"architecture": "mlp", "hidden_dims": [16]},
    "dataset": None,
}


@pytest.fixture
def past_of(monkeypatch):
    """`resume.past_of` for overrides, and the values the keys they name have in the config that they compose."""

    def past_of(*overrides, **values):
        cfg = OmegaConf.merge(SAVED, {"training": {"resume": str(RUN)}}, values)
        hydra = SimpleNamespace(get=lambda: SimpleNamespace(overrides=SimpleNamespace(task=list(overrides))))
        info = {"config": SAVED, "dataset": "/data/x", "dataset_sha256": "abc", "epoch": 2}
        monkeypatch.setattr(resume, "HydraConfig", hydra)
        monkeypatch.setattr(resume.checkpoint, "read", lambda run: (info, "<mujoco/>", {"arm.stl": b"solid"}))
        return resume.past_of(RUN, OmegaConf.create(cfg))

    return past_of


def test_a_run_is_continued_as_it_was(past_of):
    past = past_of("training.resume=/runs/1")
    assert past == resume.Past(RUN, SAVED, "<mujoco/>", {"arm.stl": b"solid"}, Path("/data/x"), "abc", 2, False)


def test_the_defaults_of_today_do_not_count(past_of):
    """Only what the user says is compared: the rest of the composed config may have other defaults by now."""
    past = past_of("training.resume=/runs/1", training={"learning_rate": 5.0}, model={"hidden_dims": [512]})
    assert past.config == SAVED


def test_the_number_of_epochs_may_change(past_of):
    past = past_of("training.num_epochs=20", training={"num_epochs": 20})
    assert past.config == SAVED | {"training": SAVED["training"] | {"num_epochs": 20}}
    assert past.changed


@pytest.mark.parametrize(
    "override", ["training=smoke", "model=mlp", "model.hidden_dims=[16]", "training.gradient_clip=null"]
)
def test_what_is_so_may_be_said_again(past_of, override):
    assert past_of(override).config == SAVED


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
def test_all_else_may_not(past_of, override, values, difference):
    with pytest.raises(UserError) as error:
        past_of(override, **values)
    assert str(error.value).startswith("training.resume=/runs/1 continues with the run's own config")
    assert str(error.value).endswith(f"may change: {difference}")


def test_other_data_are_refused():
    past = resume.Past(RUN, SAVED, "", {}, Path("/data/x"), "abc", 2, False)
    past.check_dataset(SimpleNamespace(path=Path("/data/y"), manifest={"sha256": "abc"}))
    with pytest.raises(UserError, match="was trained on /data/x, and /data/y is another dataset"):
        past.check_dataset(SimpleNamespace(path=Path("/data/y"), manifest={"sha256": "def"}))
