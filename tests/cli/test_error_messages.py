"""Messages about wrong input: a few lines, exit code 2, nothing on standard output, no files."""

import pytest
from in_process import without_log

CASES = {
    "train training.learning_rat=1": [
        "the key training.learning_rat does not exist (did you mean `training.learning_rate`?)",
        "  the keys of training are num_epochs, batch_size, ",
    ],
    "train learning_rate=1": [
        "the key learning_rate does not exist (did you mean `training.learning_rate`?)",
        "  the keys are dataset, plugins, excitation, collect, training, model, env",
    ],
    "train trainig=smoke": ["the key trainig does not exist (did you mean `training`?)"],
    "train +foo=1": ["the key foo does not exist; the keys are dataset, plugins, excitation, collect, "],
    "train +training.foo=1": ["unknown key training.foo"],
    "eval run=. +render=smoke": ["the key render does not exist; the keys are run, dataset, plugins, eval"],
    "train excitation.name={a:1}": ["excitation.name={'a': 1} is not one of mixed, ou, passive, "],
    "train hydra.verbos=true": ["the key hydra.verbos does not exist (did you mean `hydra.verbose`?)"],
    "train env=pendulm": [
        "env=pendulm does not exist (did you mean `pendulum`?)",
        "  the options of env are acrobot, arm, cart_pole, cheetah, data, double_cart_pole, hopper, mjcf,",
        "    nerd_cartpole, pendulum, quadruped, three_link",
    ],
    "train model=mlpp --config-dir more": [
        "model=mlpp does not exist (did you mean `mlp`?)",
        "  the options of model are broken, gru, lagrangian, mechanical, mine, mlp, quadratic,",
    ],
    "train hydra/launcher=jobli": [
        "hydra/launcher=jobli does not exist (did you mean `joblib`?)",
        "  the options of hydra/launcher are basic, joblib",
    ],
    "train eval=smoke": ["eval is not a group of this command; --help lists the groups"],
    "train training=5": ["training=5: the value of a group must be the name of an option; --help lists them"],
    "train training.learning_rate=-1": ["training.learning_rate=-1 "],
    "train training.seed=abc": ["training.seed=abc must be a whole number"],
    "train collect.backend=gpu": ["collect.backend=gpu is not one of auto, mjx, native"],
    "train hydra.job.chdir=perhaps": ["hydra.job.chdir: Value 'perhaps' is not a valid bool"],
    "train smoke": ["cannot parse smoke; write key=value, "],
    "train model=mlp,resnet": ["model=mlp,resnet has several values; add -m to run one job per value, or write a list"],
    "train training.seed=range(3)": ["training.seed=range(3) has several values; add -m to run one job per value"],
    "train -m training.seed=interval(0,1)": ["the sweeper does not support INTERVAL; separate the values by commas"],
    "train training.seed=${foo}": ["${foo} refers to a key that does not exist"],
    "train +training.seed=1": ["+training.seed: the key already exists; write training.seed=<value>"],
    "train ~foo": ["~foo: the key does not exist"],
    "train env=mjcf": ["env.xml=<value> is required"],
    "train ~excitation": ["excitation=<value> is required"],
    "train training.seed=4294967296": [
        "training.seed=4294967296 is out of range: it must be at least 0 and at most 4294967295"
    ],
    "train env.observe=[]": ["env.observe=[] "],
    "train env=mjcf env.xml=nowhere.xml": ["env.xml=nowhere.xml: the file does not exist"],
    "eval": ["run=<value> is required"],
    "render run=nowhere": ["run=nowhere: the directory does not exist"],
    "train dataset=nowhere": ["dataset=nowhere: the directory does not exist"],
    "train training.resume=nowhere": ["training.resume=nowhere: the path is not a training run with a checkpoint"],
    "train training.resume=more": ["training.resume=more: the path is not a training run with a checkpoint"],
    "inspect dataset=null": ["dataset=null is not a path; dataset=<value> is required"],
    "import source=null": ["source=null is not a path; source=<value> is required"],
    "compare sweep=null": ["sweep=null is not a path; sweep=<value> is required"],
    "eval run=null": ["run=null is not a path; run=<value> is required"],
    "train env=mjcf env.xml=null": ["env.xml=null is not a path; env.xml=<value> is required"],
    "inspect dataset=": ["dataset= is not a path; dataset=<value> is required"],
    "import source=": ["source= is not a path; source=<value> is required"],
    "compare sweep=": ["sweep= is not a path; sweep=<value> is required"],
    "render run=": ["run= is not a path; run=<value> is required"],
    "train dataset=": ["dataset= is not a path; give one, or remove dataset="],
    "train training.init=": ["training.init= is not a path; give one, or remove training.init="],
    "import source=file draft=": ["draft= is not a path; give one, or remove draft="],
    "collect collect.policy=": ["collect.policy= is not a path; give one, or remove collect.policy="],
    "import source=[a,b]": ["source=[a,b]: the path does not exist"],
    "compare sweep={a:1}": ["sweep={a:1}: the directory does not exist"],
    "inspect dataset=5": ["dataset=5: the directory does not exist"],
    "train training.seed=[1]": ["training.seed=[1] must be a whole number, not a list"],
    "train collect.backend={a:1}": ["collect.backend={'a': 1} must be text, not a mapping"],
    "train model.hidden_dims={a:1}": ["model.hidden_dims: Cannot merge a mapping with a list"],
    "collect collect.policy_noise=1.0000001": ["collect.policy_noise=1.0000001 is out of range: it must be at least 0"],
    "learn task=swing_up training=smoke": ["training=smoke is an option of `dynax train`: write learn=smoke instead"],
    "train --config-dir nowhere": ["--config-dir nowhere: the directory does not exist"],
    "train --config-name nowhere": ["the primary config nowhere.yaml does not exist"],
    "train --nonsense": ["unrecognized arguments: --nonsense; --help lists the flags"],
    "train --cfg jop": ["argument --cfg/-c: invalid choice: 'jop'"],
    "train --cfg job env=pendulm": ["env=pendulm does not exist (did you mean `pendulum`?)"],
    "train --experimental-rerun x": ["--experimental-rerun is not supported, because it reads a pickle file"],
    "train hydra.run.dir=file/run": ["cannot access file/run: {folder}/file is not a directory"],
    "train -m hydra.sweep.dir=file/sweep": ["cannot access file/sweep: {folder}/file is not a directory"],
    "train model=broken --config-dir more": ["mapping values are not allowed here in "],
}

AS_PROCESSES = ("train training.learning_rat=1", "eval", "train hydra.run.dir=file/run")


@pytest.fixture
def folder(tmp_path):
    """A folder with a config of the user and a file."""
    (tmp_path / "more" / "model").mkdir(parents=True)
    (tmp_path / "more" / "model" / "mine.yaml").write_text("architecture: mlp\n")
    (tmp_path / "more" / "model" / "broken.yaml").write_text("architecture: mlp: resnet\n")
    (tmp_path / "file").touch()
    return tmp_path


def check_message(finished, words, folder):
    assert (finished.code, finished.out) == (2, "")
    first, *others = without_log(finished.err)
    expected, *lines = CASES[words]
    assert first.startswith(f"dynax: {expected.replace('{folder}', str(folder))}")
    assert len(others) < 5
    for line in lines:
        assert any(other.startswith(line) for other in others), finished.err


@pytest.mark.slow
@pytest.mark.parametrize("words", CASES)
def test_wrong_input(in_process, folder, words):
    check_message(in_process(*words.split()), words, folder)
    assert sorted(entry.name for entry in folder.iterdir()) == ["file", "more"]


@pytest.mark.slow
@pytest.mark.parametrize("words", AS_PROCESSES)
def test_wrong_input_as_a_process(dynax, folder, words):
    check_message(dynax(*words.split()), words, folder)
    assert sorted(entry.name for entry in folder.iterdir()) == ["file", "more"]


def test_outputs_is_a_file(in_process, tmp_path):
    (tmp_path / "outputs").touch()
    finished = in_process("train")
    assert (finished.code, finished.out) == (2, "")
    assert finished.err.startswith("dynax: cannot access outputs/train/pendulum-mlp/")
    assert finished.err.endswith(f": {tmp_path}/outputs is not a directory\n")


def test_outputs_is_a_link_to_nowhere(in_process, tmp_path):
    (tmp_path / "outputs").symlink_to(tmp_path / "nowhere")
    finished = in_process("train")
    assert (finished.code, finished.out) == (2, "")
    assert finished.err.endswith(f"{tmp_path}/outputs is a link to a place that does not exist\n")
