"""Wrong input that only the commands can find: a message of a few lines, exit code 2, no files."""

import shutil
from pathlib import Path

import pytest
from in_process import without_log

from dynax.runs import checkpoint

USER = """<mujoco><worldbody><body><joint name="hip"/><geom size=".1"/></body></worldbody>
<actuator><general name="m" joint="hip" dyntype="user" actdim="1"/></actuator></mujoco>"""
MESH = """
<mujoco>
  <asset><mesh name="hull" file="gone.obj"/></asset>
  <worldbody><body><joint type="slide"/><geom type="mesh" mesh="hull"/></body></worldbody>
</mujoco>
"""


def rejection(finished, *words):
    """Check that a command line was rejected with a message that contains `words`. Return the message."""
    assert (finished.code, finished.out) == (2, "")
    lines = [line for line in without_log(finished.err) if not line.startswith("dynax: using ")]
    assert len(lines) <= 5
    assert lines[0].startswith("dynax: ")
    for word in words:
        assert word in finished.err
    return "\n".join(lines)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.learning_rate=-1", "training.learning_rate=-1 is out of range: it must be above 0"),
        (
            "training.optimizer=adamm",
            "training.optimizer=adamm is not one of adam, adamw, muon, soap (did you mean `adam`?)",
        ),
        ("+model.foo=1", "unknown key model.foo; model has angles,"),
        ("+model.hiden_dims=[1]", "unknown key model.hiden_dims (did you mean `hidden_dims`?)"),
        ("model.hidden_dims=[0]", "model.hidden_dims=0 is out of range: it must be at least 1"),
        ("model.hidden_dims=64", "model.hidden_dims=64 must be a list"),
        (
            "model.architecture=mpl",
            "model.architecture=mpl is not one of gru, lagrangian, mechanical, mlp, quadratic, residual, "
            "resnet, rigid, transformer "
            "(did you mean `mlp`?)",
        ),
        ("model.angles=sin", "model.angles=sin is not one of raw, sincos (did you mean `sincos`?)"),
        ("env.reset.qpos=[1,2]", "env.reset.qpos=[1.0, 2.0] "),
        ("+env.mjcf=x", "unknown key env.mjcf"),
        ("excitation.hold_times=[-1]", "excitation.hold_times"),
        ("collect.num_rollouts=1", "collect.num_rollouts=1 is out of range"),
        ("training.val_fraction=1", "training.val_fraction=1 is out of range: it must be above 0 and at most 0.9"),
    ],
)
def test_wrong_value(dynax, override, message):
    rejection(dynax.smoke(override), message)
    assert not dynax.made()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("env=cart_pole env.observe=[qpos] model=lagrangian", "needs a completely observed robot: set env.observe=all"),
        ("env=nerd_cartpole model=quadratic", "env.decimation=1 (now 5)"),
        ("model=quadratic model.history=2", "the key model.history does not exist"),
        ("model=lagrangian model.target=delta", "the key model.target does not exist"),
        ("model.constraints=layer model.target=delta", "model.constraints=layer "),
        ("training.unroll_epochs=1 training.unroll_horizons=[2,41]", "trajectories of 40 steps"),
        ("training.finetune=levenberg", "training.finetune=levenberg is not one of none, levenberg_marquardt, lbfgs"),
        ("training.unroll_horizons=[1]", "training.unroll_horizons=1 is out of range: it must be at least 2"),
    ],
)
def test_incompatible_options(dynax, words, message):
    rejection(dynax("train", "training=smoke", *words.split()), message)
    assert not dynax.made()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("text.xml", "not XML", "text.xml"),
        (
            "user.xml",
            USER,
            "actuator `m`",
        ),
        ("mesh.xml", MESH, "gone.obj"),
        ("image.xml", b"\x89PNG\xff", "image.xml"),
        ("nowhere.xml", None, "env.xml=nowhere.xml: the file does not exist"),
    ],
)
def test_wrong_mjcf(dynax, name, content, message):
    if content is not None:
        (dynax.folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    rejection(dynax("collect", "env=mjcf", f"env.xml={name}"), message)
    assert not dynax.made()


def test_unsupported_contacts_are_rejected_before_data_are_collected(dynax):
    hills = '<asset><hfield name="hills" nrow="2" ncol="2" size="1 1 1 1"/></asset>'
    ball = '<geom name="hills" type="hfield" hfield="hills"/><body><freejoint/><geom name="ball" size="1"/></body>'
    (dynax.folder / "hills.xml").write_text(f"<mujoco>{hills}<worldbody>{ball}</worldbody></mujoco>")
    finished = dynax("train", "training=smoke", "env=mjcf", "env.xml=hills.xml", "model=mechanical")
    rejection(finished, "hfield", "`hills`", "`ball`")
    assert not list(dynax.folder.glob("outputs/datasets/*"))


@pytest.mark.slow
def test_wrong_dataset(dynax, workshop, tmp_path):
    (tmp_path / "empty").mkdir()
    rejection(dynax("train", "dataset=empty"), str(tmp_path / "empty"), "has no manifest.json")
    rejection(dynax("train", "dataset=nowhere"), "dataset=nowhere: the directory does not exist")
    collected = dynax("collect", "collect.num_rollouts=2", "collect.rollout_length=5").path
    other = rejection(dynax("train", "env=cart_pole", f"dataset={collected}"), str(collected))
    assert "pendulum" in other
    assert "cart_pole" in other
    flip(next(file for file in (collected / "qpos" / "c").rglob("*") if file.is_file()))
    rejection(dynax("train", f"dataset={collected}", "training.val_fraction=0.5"), "is damaged: qpos")
    rejection(dynax.smoke("collect.num_rollouts=2", "training.val_fraction=0.9"), "2 trajectories")
    assert [path for path in dynax.made() if "train" in path] == []


def test_a_directory_that_is_not_a_run(dynax, tmp_path):
    (tmp_path / "empty").mkdir()
    for command in ("eval", "render", "export"):
        rejection(dynax(command, "run=empty"), f"run={tmp_path / 'empty'} ")
    assert not dynax.made()


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "damage"),
    [
        ("model", flip),
        ("training", Path.unlink),
        ("model", cut),
        ("model", Path.unlink),
        ("training", flip),
        ("training", cut),
    ],
)
def test_a_damaged_checkpoint(dynax, workshop, tmp_path, part, damage):
    run = Path(shutil.copytree(workshop.trained(), tmp_path / "run"))
    file = max((checkpoint.latest(run) / part).rglob("*"), key=lambda path: path.is_file() and path.stat().st_size)
    damage(file)
    for words in (["eval", f"run={run}"], ["render", f"run={run}"], ["train", f"training.resume={run}"]):
        message = rejection(dynax(*words), "the checkpoint is damaged: ", str(file))
        assert message.endswith("is missing") == (damage is Path.unlink)
    assert not dynax.made()
    assert (run / "summary.json").exists()


@pytest.mark.slow
def test_directories_that_cannot_be_written(dynax, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs" / "datasets").touch()
    rejection(dynax("collect"), f"{tmp_path / 'outputs' / 'datasets'}")
    rejection(dynax("collect", "hydra.run.dir=file/run"), f"file/run: {tmp_path}/file is not a directory")
    rejection(dynax("collect", "hydra.run.dir=/proc/run"), "/proc/run: No such file or directory")
    assert not dynax.made()


@pytest.mark.slow
def test_a_warmup_shorter_than_the_history(dynax, workshop):
    finished = dynax("eval", f"run={workshop.trained('cart_pole', 'transformer')}", "eval.warmup=1")
    rejection(finished, "eval.warmup=1 ")
    assert not dynax.made()


@pytest.mark.slow
def test_wrong_input_as_a_process(dynax):
    unreadable = dynax.process("train", "env=mjcf", "env.xml=/proc/self/mem")
    rejection(unreadable, "env.xml=/proc/self/mem cannot be read: Input/output error")
    assert not dynax.made()


def test_a_damaged_robot_in_a_checkpoint(dynax, workshop, tmp_path):
    run = Path(shutil.copytree(workshop.trained(), tmp_path / "run"))
    file = checkpoint.latest(run) / "robot.xml"
    flip(file)
    rejection(dynax("train", f"training.resume={run}"), "the checkpoint is damaged", str(file))
    assert not dynax.made()
