"""Robots: an MJCF in `assets/`, a state space, and a reset that draws initial states.

    env.py             Env, the class of all robots
    classics.py        robots of hinges and slides with few contacts
    contact_robots.py  robots with a floor and contacts
    recorded.py        machines of which there are only logs
    resets/            the distributions of initial states
    state_space.py     coordinates of a state, differences between states

`Env.sample_states` draws initial states by `FeasibleSampler.sample`. It calls the reset of the robot, moves the states
onto the constraints, and draws those that do not fit again.

Axes of arrays: n states, s coordinates of a state `[qpos, qvel, act]`, t coordinates of a difference between states
(2 nv + na), nq positions, nv degrees of freedom, na activations, nu controls, A entries of an action.
"""

from collections.abc import Mapping
from dataclasses import MISSING
from typing import Any

from dynax.config.options import build, defaults, options, plain
from dynax.config.registries import ENVS, RESETS
from dynax.envs.classics import (
    AcrobotEnv,
    CartPoleEnv,
    DoubleCartPoleEnv,
    NerdCartpoleEnv,
    PendulumEnv,
    ThreeLinkEnv,
)
from dynax.envs.contact_robots import ArmEnv, CheetahEnv, HopperEnv, QuadrupedEnv
from dynax.envs.env import Env
from dynax.envs.mjcf import MjcfEnv
from dynax.envs.recorded import DataEnv
from dynax.envs.resets.keyframe import KeyframeReset
from dynax.envs.resets.reset import Reset
from dynax.envs.resets.standing import StandingReset
from dynax.envs.resets.uniform import UniformReset
from dynax.errors import UserError, config_section

__all__ = [
    "AcrobotEnv",
    "ArmEnv",
    "CartPoleEnv",
    "CheetahEnv",
    "DataEnv",
    "DoubleCartPoleEnv",
    "Env",
    "HopperEnv",
    "KeyframeReset",
    "MjcfEnv",
    "NerdCartpoleEnv",
    "PendulumEnv",
    "QuadrupedEnv",
    "Reset",
    "StandingReset",
    "ThreeLinkEnv",
    "UniformReset",
    "group_of",
    "make",
]


def make(group: Mapping[str, Any], mjcf: str = "", assets: Mapping[str, bytes] | None = None) -> Env:
    """Return the robot of a config group `env`.

    Args:
        group: the config group, with the key `name`.
        mjcf: MJCF text of a saved run. If it is empty, the robot's own file is read.
        assets: the files that `mjcf` loads, by name.

    Raises:
        UserError: if the name or an option is unknown, a value is invalid, or a file cannot be read.
    """
    group, arguments = dict(group), {"mjcf": mjcf, "assets": assets or {}}
    if "reset" in group and "name" in group:
        default = default_reset(ENVS.get(group["name"], "env.name"))
        arguments["reset"] = _make_reset(group.pop("reset"), default.name)
    return build(ENVS, group, **arguments)


def default_reset(cls: type[Env]) -> Reset:
    """Return the default reset of a class of robots."""
    field: Any = cls.__dataclass_fields__["reset"]
    return field.default if field.default is not MISSING else field.default_factory()


def group_of(env: Env) -> dict[str, Any]:
    """Return the config group of a robot, from which `make` rebuilds it with its `mjcf` and `assets`."""
    cls = MjcfEnv if type(env) is Env else type(env)
    settings = {name: plain(getattr(env, name, None)) for name in defaults(cls, ENVS.hidden)}
    if issubclass(cls, MjcfEnv):
        settings["xml"] = f"{env.name}.xml"
    return {"name": ENVS.name_of(cls), **settings, "reset": env.reset.as_group()}


def _make_reset(node: Any, default: str) -> Reset:
    """Return the reset of a config section `env.reset`. A section without a name has the reset `default`."""
    if not isinstance(node, Mapping):
        raise UserError(f"env.reset={node} must be a mapping, such as {{name: standing}}; env/reset=standing sets it")
    cls = RESETS.get(node.get("name", default), "env.reset.name")
    given = options(cls, node, "env.reset", besides=("name",))
    with config_section("env.reset"):
        return cls(**given)
