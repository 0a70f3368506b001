"""A run that somebody else made only names the outputs."""

import json
import os

import pytest
from command_line import saved_run

from dynax.cli.composition import resolvers
from dynax.cli.composition.untrusted import hydra_choice, safe_name, saved_name

CONFIG = {"env": {"name": "cart_pole"}, "model": {"architecture": "mlp"}}


def test_a_run_is_named_by_its_newest_checkpoint(tmp_path):
    saved_run(tmp_path / "checkpoints" / "epoch-00001", CONFIG)
    saved_run(tmp_path / "checkpoints" / "epoch-00010", CONFIG | {"env": {"name": "mjcf", "xml": "/x/arm.xml"}})
    assert saved_name(tmp_path) == "arm-mlp"
    assert resolvers.trained(str(tmp_path)) == "arm-mlp"
    assert (resolvers.trained("~nobody-here"), resolvers.trained("a" * 5000)) == ("unknown", "unknown")


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc", "_.._etc"),
        ("..", "unknown"),
        ("/etc/passwd", "_etc_passwd"),
        ("${oc.env:HOME}", "_oc.env_HOME_"),
        ("a\nb", "a_b"),
        (".hidden", "hidden"),
        (None, "None"),
        ("x" * 500, "x" * 80),
        ("größe-1.5+b", "größe-1.5+b"),
    ],
)
def test_names_are_one_part_of_a_path(tmp_path, name, safe):
    assert safe_name(name) == safe
    assert saved_name(saved_run(tmp_path / "run", CONFIG | {"env": {"name": name}})) == f"{safe}-mlp"


def test_the_hash_of_the_config_is_checked(tmp_path):
    run = saved_run(tmp_path / "run", CONFIG)
    (run / "manifest.json").write_text(json.dumps({"run.json": "0"}))
    assert saved_name(run) == "unknown"


@pytest.mark.parametrize("info", ["[]", "{}", "1", "[" * 100_000, '{"config": {"env": 1}}', "nonsense"])
def test_other_content_is_unknown(tmp_path, info):
    run = saved_run(tmp_path / "run", CONFIG)
    (run / "run.json").write_text(info)
    assert saved_name(run) == "unknown"


def test_pipes_and_alias_bombs_are_not_read(tmp_path):
    (tmp_path / ".hydra").mkdir()
    os.mkfifo(tmp_path / "run.json")
    os.mkfifo(tmp_path / ".hydra" / "hydra.yaml")
    assert (saved_name(tmp_path), hydra_choice(tmp_path, "training")) == ("unknown", None)
    (tmp_path / ".hydra" / "hydra.yaml").unlink()
    bomb = "a0: &a0 {x: y}\n" + "".join(f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}\n" for i in range(1, 40))
    (tmp_path / ".hydra" / "hydra.yaml").write_text(f"{bomb}hydra: {{runtime: {{choices: {{training: smoke}}}}}}")
    assert hydra_choice(tmp_path, "training") is None
