"""Input that only the commands can judge: named in a line or a few, exit code 2, nothing left behind."""

import shutil
from pathlib import Path

import pytest
from marks import slow

from dynax.runs import checkpoint, sealed

USER = """<mujoco><worldbody><body><joint name="hip"/><geom size=".1"/></body></worldbody>
<actuator><general name="m" joint="hip" dyntype="user" actdim="1"/></actuator></mujoco>"""
MESH = """
<mujoco>
  <asset><mesh name="hull" file="gone.obj"/></asset>
  <worldbody><body><joint type="slide"/><geom type="mesh" mesh="hull"/></body></worldbody>
</mujoco>
"""


def refused(ran, *words):
    """The message, one line or a few, having checked how it came."""
    assert (ran.code, ran.out) == (2, "")
    lines = ran.err.splitlines()
    assert len(lines) <= 5
    assert lines[0].startswith("dynax: ")
    for word in words:
        assert word in ran.err
    return ran.err


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
        ("model.hidden_dims=64", "model.hidden_dims=64 must be a list of int"),
        (
            "model.architecture=mpl",
            "model.architecture=mpl is not one of lagrangian, mechanical, mlp, quadratic, resnet, rigid, transformer "
            "(did you mean `mlp`?)",
        ),
        ("model.angles=sin", "model.angles=sin is not one of raw, sincos (did you mean `sincos`?)"),
        ("env.reset_qpos=[1,2]", "env.reset_qpos=[1.0, 2.0] must give 1 half-widths of at least 0"),
        ("+env.mjcf=x", "unknown key env.mjcf"),
        ("excitation.hold_times=[-1]", "excitation.hold_times"),
        ("collect.num_rollouts=1", "collect.num_rollouts=1 is out of range"),
        ("training.val_fraction=1", "training.val_fraction=1 is out of range: it must be above 0 and at most 0.9"),
    ],
)
def test_config(dynax, override, message):
    refused(dynax.smoke(override), message)
    assert not dynax.made()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "env=nerd_cartpole model=lagrangian",
            "model.architecture=lagrangian is the physics of one semi-implicit step",
        ),
        ("env=nerd_cartpole model=quadratic", "env.decimation=1 (now 5)"),
        ("model=lagrangian model.history=2", "it needs model.history=1 (now 2)"),
        ("model=lagrangian model.target=delta", "model.target=acceleration (now delta)"),
        ("model.constraints=layer model.target=delta", "model.constraints=layer acts within one semi-implicit step"),
        ("training.unroll_epochs=1 training.unroll_horizons=[2,41]", "trajectories of 40 steps are too short for"),
        ("training.finetune=levenberg", "training.finetune=levenberg is not one of none, levenberg_marquardt, lbfgs"),
        ("training.unroll_horizons=[1]", "training.unroll_horizons=1 is out of range: it must be at least 2"),
    ],
)
def test_what_does_not_go_together(dynax, words, message):
    refused(dynax("train", "training=smoke", *words.split()), message)
    assert not dynax.made()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("text.xml", "not XML", "is no MJCF or URDF that MuJoCo accepts: "),
        (
            "user.xml",
            USER,
            "the robot user cannot be learned: actuator `m` has dynamics that a program must supply",
        ),
        ("mesh.xml", MESH, "gone.obj"),
        ("image.xml", b"\x89PNG\xff", "cannot be read: "),
        ("nowhere.xml", None, "env.xml=nowhere.xml: no such file"),
    ],
)
def test_mjcf(dynax, name, content, message):
    if content is not None:
        (dynax.folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    refused(dynax("collect", "env=mjcf", f"env.xml={name}"), message)
    assert not dynax.made()


def test_contacts_that_the_layer_cannot_follow_are_refused_before_any_data_are_made(dynax):
    hills = '<asset><hfield name="hills" nrow="2" ncol="2" size="1 1 1 1"/></asset>'
    ball = '<geom name="hills" type="hfield" hfield="hills"/><body><freejoint/><geom name="ball" size="1"/></body>'
    (dynax.folder / "hills.xml").write_text(f"<mujoco>{hills}<worldbody>{ball}</worldbody></mujoco>")
    ran = dynax("train", "training=smoke", "env=mjcf", "env.xml=hills.xml", "model=mechanical")
    refused(ran, "contacts of a geom of type hfield, of `hills` and `ball` that may touch, are not modeled")
    assert not list(dynax.folder.glob("outputs/datasets/*"))


def test_data(dynax, workshop, tmp_path):
    (tmp_path / "empty").mkdir()
    refused(dynax("train", "dataset=empty"), f"{tmp_path / 'empty'} is no dataset: has no manifest.json")
    refused(dynax("train", "dataset=nowhere"), "dataset=nowhere: no such directory")
    collected = dynax("collect", "collect.num_rollouts=2", "collect.rollout_length=5").path
    other = refused(dynax("train", "env=cart_pole", f"dataset={collected}"), f"the dataset {collected} is of the robot")
    assert "pendulum, not of cart_pole: joints [" in other
    flip(next(file for file in (collected / "qpos" / "c").rglob("*") if file.is_file()))
    refused(dynax("train", f"dataset={collected}", "training.val_fraction=0.5"), "is damaged: qpos")
    refused(dynax.smoke("collect.num_rollouts=2", "training.val_fraction=0.9"), "2 trajectories cannot be split for")
    assert [path for path in dynax.made() if "train" in path] == []


def test_no_run(dynax, tmp_path):
    (tmp_path / "empty").mkdir()
    for command in ("eval", "render"):
        refused(dynax(command, "run=empty"), f"run={tmp_path / 'empty'} is not a training run, or one stopped before")
    assert not dynax.made()


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1])


@pytest.mark.parametrize(
    ("part", "damage"),
    [
        ("model", flip),
        ("training", Path.unlink),
        *slow(("model", cut), ("model", Path.unlink), ("training", flip), ("training", cut)),
    ],
)
def test_a_damaged_checkpoint(dynax, workshop, tmp_path, part, damage):
    run = Path(shutil.copytree(workshop.trained(), tmp_path / "run"))
    file = max((checkpoint.latest(run) / part).rglob("*"), key=lambda path: path.is_file() and path.stat().st_size)
    damage(file)
    for words in (["eval", f"run={run}", "eval=smoke"], ["render", f"run={run}"], ["train", f"training.resume={run}"]):
        [line] = refused(dynax(*words), "the checkpoint is damaged: ", str(file)).splitlines()
        assert line.endswith("is missing" if damage is Path.unlink else "differs from manifest.json")
    assert not dynax.made()
    assert (run / "summary.json").exists()


def test_places_that_cannot_be_written(dynax, tmp_path):
    (tmp_path / "file").touch()
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs" / "datasets").touch()
    refused(dynax("collect"), f"{tmp_path / 'outputs' / 'datasets'}")
    refused(dynax("collect", "hydra.run.dir=file/run"), "file/run: Not a directory")
    refused(dynax("collect", "hydra.run.dir=/proc/run"), "/proc/run: No such file or directory")
    assert not dynax.made()


@pytest.mark.slow
def test_a_short_history(dynax, workshop):
    ran = dynax("eval", f"run={workshop.trained('cart_pole', 'transformer')}", "eval=smoke", "eval.warmup=1")
    refused(ran, "eval.warmup=1 is too short for a model of 3 states: it must be at least 2")
    assert not dynax.made()


@pytest.mark.slow
def test_as_a_process(dynax, workshop, tmp_path):
    for override, message in {
        "env=cartpole": "env=cartpole: there is no such env (did you mean `cart_pole`?)",
        "training.learning_rat=1": "unknown key training.learning_rat (did you mean `training.learning_rate`?)",
        "training.num_epochs=many": "training.num_epochs=many must be a whole number, not str",
        "training.learning_rate=-1": "training.learning_rate=-1 is out of range: it must be above 0",
        "+model.foo=1": "dynax: unknown key model.foo",
        "hydra.run.dir=/proc/run": "/proc/run: No such file or directory",
    }.items():
        refused(dynax.process("train", override), message)
    unreadable = dynax.process("train", "env=mjcf", "env.xml=/proc/self/mem")
    refused(unreadable, "env.xml=/proc/self/mem cannot be read: Input/output error")
    refused(dynax.process("eval", "run=."), f"dynax: run={tmp_path} is not a training run")
    run = Path(shutil.copytree(workshop.trained(), tmp_path / "run"))
    another = dynax.process("train", f"training.resume={run}", "model=transformer")
    refused(another, "may change: model.architecture is mlp in the run, not transformer")
    data = sealed.read_info(checkpoint.latest(run))["dataset"]
    refused(dynax.process("train", "env=cart_pole", f"dataset={data}"), "is of the robot pendulum, not of cart_pole")
    file = checkpoint.latest(run) / "robot.xml"
    flip(file)
    refused(dynax.process("eval", f"run={run}"), f"dynax: the checkpoint is damaged: {file} is not what was written")
    refused(dynax.process("train", f"training.resume={run}"), f"dynax: the checkpoint is damaged: {file} is not")
    assert not dynax.made()
