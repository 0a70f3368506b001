"""Robots: one short file each, with an MJCF in `assets/`."""

from collections.abc import Mapping
from typing import Any

from dynax.config.options import options
from dynax.config.registry import implementation
from dynax.envs.acrobot import AcrobotEnv
from dynax.envs.arm import ArmEnv
from dynax.envs.cart_pole import CartPoleEnv
from dynax.envs.cheetah import CheetahEnv
from dynax.envs.double_cart_pole import DoubleCartPoleEnv
from dynax.envs.env import Env
from dynax.envs.hopper import HopperEnv
from dynax.envs.mjcf import MjcfEnv
from dynax.envs.nerd_cartpole import NerdCartpoleEnv
from dynax.envs.pendulum import PendulumEnv
from dynax.envs.quadruped import QuadrupedEnv
from dynax.envs.three_link import ThreeLinkEnv

__all__ = [
    "AcrobotEnv",
    "ArmEnv",
    "CartPoleEnv",
    "CheetahEnv",
    "DoubleCartPoleEnv",
    "Env",
    "HopperEnv",
    "MjcfEnv",
    "NerdCartpoleEnv",
    "PendulumEnv",
    "QuadrupedEnv",
    "ThreeLinkEnv",
    "make",
]


def make(group: Mapping[str, Any], mjcf: str = "", assets: Mapping[str, bytes] | None = None) -> Env:
    """The robot that the config group `env` describes, from the text `mjcf` and `assets` where a run has kept them.

    Raises `UserError` for a robot, an option or a file that is not there.
    """
    cls = implementation("dynax.envs", group["name"], Env, "env.name")
    settings = options(cls, group, "env", besides=("name",), hidden=("mjcf", "assets"))
    return cls(mjcf=mjcf, assets=assets or {}, **settings)
