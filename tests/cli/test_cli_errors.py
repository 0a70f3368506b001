"""What is wrong with the input is said in a few lines: what, where, what would be right. Exit code 2, no output."""

import pytest
from marks import slow

CASES = {
    "train training.learning_rat=1": [
        "unknown key training.learning_rat (did you mean `training.learning_rate`?)",
        "  training has: num_epochs, batch_size, ",
    ],
    "train learning_rate=1": [
        "unknown key learning_rate (did you mean `training.learning_rate`?)",
        "  there are: dataset, plugins, excitation, collect, training, model, env",
    ],
    "train trainig=smoke": ["unknown key trainig (did you mean `training`?)"],
    "train +foo=1": ["unknown key foo; there are dataset, plugins, excitation, collect, training, model, env"],
    "train +training.foo=1": ["unknown key training.foo"],
    "eval run=. +render=smoke": ["unknown key render; there are run, plugins, eval"],
    "train hydra.verbos=true": ["unknown key hydra.verbos (did you mean `hydra.verbose`?)"],
    "train env=pendulm": [
        "env=pendulm: there is no such env (did you mean `pendulum`?)",
        "  env is one of: acrobot, arm, cart_pole, cheetah, double_cart_pole, hopper, mjcf, nerd_cartpole,",
        "    pendulum, quadruped, three_link",
    ],
    "train model=mlpp --config-dir more": [
        "model=mlpp: there is no such model (did you mean `mlp`?)",
        "  model is one of: broken, lagrangian, mechanical, mine, mlp, quadratic, resnet, rigid, transformer",
    ],
    "train hydra/launcher=jobli": [
        "hydra/launcher=jobli: there is no such hydra/launcher (did you mean `joblib`?)",
        "  hydra/launcher is one of: basic, joblib",
    ],
    "train eval=smoke": ["eval= is no group of this command; --help lists them"],
    "train training=5": ["training=5: a group takes the name of one of its options; --help lists them"],
    "train training.learning_rate=-1": ["training.learning_rate=-1 "],
    "train training.seed=abc": ["training.seed=abc must be a whole number"],
    "train collect.backend=gpu": ["collect.backend=gpu is not one of auto, mjx, native"],
    "train hydra.job.chdir=perhaps": ["hydra.job.chdir: Value 'perhaps' is not a valid bool"],
    "train smoke": ["cannot read smoke: write key=value, "],
    "train model=mlp,resnet": ["model=mlp,resnet: several values; add -m to run a job for each, or write a list"],
    "train training.seed=range(3)": ["training.seed=range(3): several values; add -m to run a job for each"],
    "train -m training.seed=interval(0,1)": ["BasicSweeper does not support sweep type : INTERVAL_SWEEP"],
    "train training.seed=${foo}": ["${foo}: there is no such key"],
    "train +training.seed=1": ["+training.seed: the key is there already; write training.seed="],
    "train ~foo": ["~foo: there is no such key"],
    "train env=mjcf": ["env.xml= is missing"],
    "train ~excitation": ["excitation= is missing"],
    "train training.seed=4294967296": ["training.seed=4.29497e+09 is out of range"],
    "train env.observe=[]": ["env.observe=[] is empty"],
    "train env=mjcf env.xml=nowhere.xml": ["env.xml=nowhere.xml: no such file"],
    "eval": ["run= is missing"],
    "render run=nowhere": ["run=nowhere: no such directory"],
    "train dataset=nowhere": ["dataset=nowhere: no such directory"],
    "train training.resume=nowhere": ["training.resume=nowhere: no training run with a checkpoint to continue from"],
    "train training.resume=more": ["training.resume=more: no training run with a checkpoint to continue from"],
    "train --config-dir nowhere": ["--config-dir nowhere: no such directory"],
    "train --config-name nowhere": ["there is no config nowhere.yaml to start from"],
    "train --nonsense": ["unrecognized arguments: --nonsense; --help lists the flags"],
    "train --cfg jop": ["argument --cfg/-c: invalid choice: 'jop'"],
    "train --cfg job env=pendulm": ["env=pendulm: there is no such env (did you mean `pendulum`?)"],
    "train --experimental-rerun x": ["--experimental-rerun reads a pickle, which Dynax does not"],
    "train hydra.run.dir=file/run": ["file/run: Not a directory"],
    "train -m hydra.sweep.dir=file/sweep": ["file/sweep: Not a directory"],
    "train model=broken --config-dir more": ["mapping values are not allowed here in "],
}

AS_PROCESSES = (
    "train training.learning_rat=1",
    "train env=mjcf",
    "eval",
    "train hydra.run.dir=file/run",
    *slow(
        "train +training.foo=1",
        "train env=pendulm",
        "train training.learning_rate=-1",
        "train training.seed=abc",
        "render run=nowhere",
        "train training.resume=nowhere",
    ),
)


@pytest.fixture
def folder(tmp_path):
    """A folder with a configuration of one's own, and a file."""
    (tmp_path / "more" / "model").mkdir(parents=True)
    (tmp_path / "more" / "model" / "mine.yaml").write_text("architecture: mlp\n")
    (tmp_path / "more" / "model" / "broken.yaml").write_text("architecture: mlp: resnet\n")
    (tmp_path / "file").touch()
    return tmp_path


def says(ran, words):
    assert (ran.code, ran.out) == (2, "")
    first, *others = ran.err.splitlines()
    expected, *lines = CASES[words]
    assert first.startswith(f"dynax: {expected}")
    assert len(others) < 5
    for line in lines:
        assert any(other.startswith(line) for other in others), ran.err


@pytest.mark.parametrize("words", CASES)
def test_wrong_input(here, folder, words):
    says(here(*words.split()), words)
    assert sorted(entry.name for entry in folder.iterdir()) == ["file", "more"]


@pytest.mark.parametrize("words", AS_PROCESSES)
def test_wrong_input_as_a_process(dynax, folder, words):
    says(dynax(*words.split()), words)
    assert sorted(entry.name for entry in folder.iterdir()) == ["file", "more"]


def test_outputs_is_a_file(dynax, tmp_path):
    (tmp_path / "outputs").touch()
    ran = dynax("train")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("dynax: outputs/train/pendulum-mlp/")
    assert ran.err.endswith(": Not a directory\n")
