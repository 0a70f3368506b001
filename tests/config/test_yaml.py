"""The YAML files: their defaults are those of the Python classes, and every key has a comment."""

import dataclasses
import re
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from sections import SECTIONS

from dynax import envs
from dynax.config.options import defaults, section
from dynax.config.registries import ARCHITECTURES, ENVS, EXCITATIONS, RESETS

CONF = Path(__file__).parents[2] / "conf"


def read(path):
    """Return the keys of a YAML file, without its defaults list."""
    yaml = OmegaConf.to_container(OmegaConf.load(CONF / path))
    yaml.pop("defaults", None)
    return yaml


@pytest.mark.parametrize("group", SECTIONS)
def test_the_defaults_of_a_section_are_those_of_its_class(group):
    yaml = read(f"{group}/default.yaml")
    assert section(SECTIONS[group], yaml, group) == SECTIONS[group]()
    assert set(yaml) == {field.name for field in dataclasses.fields(SECTIONS[group])}


@pytest.mark.parametrize("name", ARCHITECTURES.names())
def test_the_defaults_of_a_model_are_those_of_its_class(name):
    cls = ARCHITECTURES.get(name, "model")
    [base] = [entry.partition("@")[0] for entry in OmegaConf.load(CONF / f"model/{name}.yaml").defaults[:-1]]
    yaml = {**read(f"model/{base}.yaml"), **read(f"model/{name}.yaml")}
    assert yaml == {"architecture": name, **defaults(cls, ARCHITECTURES.hidden)}


@pytest.mark.parametrize("name", ENVS.names())
def test_the_defaults_of_a_robot_are_those_of_its_class(name):
    cls = ENVS.get(name, "env")
    yaml = read(f"env/{name}.yaml")
    expected = {"name": name, **defaults(cls, ENVS.hidden), "reset": envs.default_reset(cls).as_group()}
    if name == "mjcf":
        expected["xml"] = "???"  # mandatory in YAML, and optional in Python
    assert yaml == expected


@pytest.mark.parametrize("name", RESETS.names())
def test_the_defaults_of_a_reset_are_those_of_its_class(name):
    assert read(f"env/reset/{name}.yaml") == {"name": name, **defaults(RESETS.get(name, "env.reset"))}


@pytest.mark.parametrize("name", EXCITATIONS.names())
def test_the_defaults_of_an_excitation_are_those_of_its_class(name):
    assert read(f"excitation/{name}.yaml") == {"name": name, **defaults(EXCITATIONS.get(name, "excitation"))}


def test_every_robot_offers_the_choice_of_a_reset():
    files = list((CONF / "env").glob("*.yaml"))
    assert {path.stem for path in files} == set(ENVS.names())
    for path in files:
        assert OmegaConf.load(path).defaults == ["_self_", {"reset": None}]


def test_every_key_has_a_comment():
    files = [file for file in CONF.glob("*/**/*.yaml") if "hydra" not in file.parts]
    keys = [(file, line) for file in files for line in file.read_text().splitlines() if re.match(r" *\w+:", line)]
    assert not [key for key in keys if "#" not in key[1] and not re.match(r" *defaults:| *\w+:$", key[1])]
