"""Random command lines and random model files."""

import random
import re
from collections.abc import Sequence
from functools import cache

from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from dynax.cli.composition import conf, resolvers
from dynax.envs.source import ASSETS

COMMANDS = ("collect", "train", "eval", "render")
VALUES = (
    "null", "nan", "inf", "-inf", "-1", "0", "0.5", "5e-324", "1e308", "-1e308", "1e12", "1000000000", "9" * 400,
    "9" * 5000, "true", "abc", "''", "", "???", "[]", "{}", "[[]]", "[nan]", "[0]", "[-1]", "[1000000000]", "[a,b]",
    "{a: 1}", "1,2", "range(3)", "interval(0,1)", "choice(a,b)", "${x}", "${oc.env:HOME}", "${dynax.stamp:}", "${", "/",
    "..", "~", "~nobody/x", "ü", " ", "\t", "(", ")", "'", '"', "=", "*", "a" * 5000, "!!python/object:os.system",
    "smoke", "-m", "\\", "a\nb",
)  # fmt: skip
WORDS = (
    "-m", "--cfg", "--cfg job", "--help", "--info", "--info defaults", "-x", "--multirun=3", "--config-dir nowhere",
    "--config-name nowhere", "--package", "--hydra-help", "=", "==", "a", "+", "~", "~training", "+a.b.c=1", "model",
    "training=5", "training=null", "env=mjcf", "env/reset=standing", "model=rigid", "model=transformer", "collect=null",
    "hydra.mode=MULTIRUN", "hydra.verbose=true", "hydra.job.chdir=true", "hydra/launcher=nothing", "plugins=[/]",
)  # fmt: skip
ATTRIBUTES = (
    "0", "-1", "nan", "inf", "1e308", "-1e308", "1e-300", "", "abc", "999999999", "/etc/passwd", "../x", "0 0 0",
    "true", "1 2 3 4 5 6 7 8 9", "ü", "&lt;", "a" * 3000,
)  # fmt: skip


@cache
def _keys(command: str) -> tuple[str, ...]:
    """Return the dotted keys of a command with the options mlp and mjcf."""
    resolvers.register()
    words = {"collect": ["env=mjcf"], "train": ["env=mjcf"]}.get(command, [])
    with initialize_config_dir(str(conf.directory()), version_base="1.3"):
        cfg = OmegaConf.to_container(compose(command, words), resolve=False)
    return tuple(_dotted(cfg))


def _dotted(node: object, prefix: str = "") -> list[str]:
    if not isinstance(node, dict):
        return []
    names = [f"{prefix}{key}" for key in node]
    return names + [name for key, value in node.items() for name in _dotted(value, f"{prefix}{key}.")]


def command_line(rng: random.Random) -> list[str]:
    """Return a random command line, which is rarely valid."""
    command = rng.choice(COMMANDS)
    words = [command]
    for _ in range(rng.randint(1, 3)):
        if rng.random() < 0.2:
            words += rng.choice(WORDS).split()
        else:
            key = rng.choice(_keys(command))
            key = _misspelled(rng, key) if rng.random() < 0.15 else key
            words.append(f"{rng.choice(['', '', '', '+', '++', '~'])}{key}={rng.choice(VALUES)}")
    return words


def _misspelled(rng: random.Random, key: str) -> str:
    i = rng.randrange(len(key))
    return key[:i] + rng.choice(["", "x", ".", "/", "@", "ü"]) + key[i + 1 :]


def model_file(rng: random.Random) -> bytes:
    """Return a random change of a model file of Dynax, which is often not valid."""
    text = (ASSETS / f"{rng.choice(['cart_pole', 'hopper', 'quadruped', 'arm'])}.xml").read_text()
    for _ in range(rng.randint(1, 3)):
        text = rng.choice([_attribute, _attribute, _without_element, _twice, _within_itself, _cut])(rng, text)
    content = text.encode()
    if rng.random() < 0.1:
        i = rng.randrange(len(content) or 1)
        content = content[:i] + bytes([rng.randrange(256)]) + content[i + 1 :]
    return content


def _attribute(rng: random.Random, text: str) -> str:
    """Replace the value of an attribute."""
    return _replaced(rng, text, r'(?<==")[^"]*(?=")', [lambda old: rng.choice(ATTRIBUTES)])


def _without_element(rng: random.Random, text: str) -> str:
    return _replaced(rng, text, r"<\w[^<>]*/>|</\w+>", [lambda old: ""])


def _twice(rng: random.Random, text: str) -> str:
    return _replaced(rng, text, r"<\w[^<>]*/>", [lambda old: old * 2, lambda old: old * 500])


def _within_itself(rng: random.Random, text: str) -> str:
    return _replaced(rng, text, r"<\w[^<>]*/>", [lambda old: f"{old[:-2]}>{old}</{old[1:].split()[0].rstrip('/')}>"])


def _cut(rng: random.Random, text: str) -> str:
    return text[: rng.randrange(len(text) + 1)] if rng.random() < 0.3 else text


def _replaced(rng: random.Random, text: str, pattern: str, changes: Sequence) -> str:
    """Change one random match of a pattern."""
    matches = list(re.finditer(pattern, text))
    if not matches:
        return text
    match = rng.choice(matches)
    return text[: match.start()] + rng.choice(changes)(match[0]) + text[match.end() :]
