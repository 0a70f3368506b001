"""The registries: one table of implementations for each config group that selects a class; and the plugins.

    dynax train plugins=[path/to/my_model.py] model=my_model

A plugin is a Python file that defines one model, robot, excitation, reset, optimizer, task, planner or policy. Its name
is the file's stem.
"""

import inspect
import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dynax.config.plugin_file import Plugin, import_plugin, read_plugin
from dynax.config.registry import Registry
from dynax.errors import UserError, check_type

log = logging.getLogger(__name__)

ARCHITECTURES = Registry(
    section="model",
    key="architecture",
    builtin={
        "gru": "dynax.architectures.gru:GRUDynamicsModel",
        "lagrangian": "dynax.architectures.lagrangian:LagrangianDynamicsModel",
        "mechanical": "dynax.architectures.mechanical:MechanicalDynamicsModel",
        "mlp": "dynax.architectures.mlp:MLPDynamicsModel",
        "quadratic": "dynax.architectures.quadratic:QuadraticDynamicsModel",
        "residual": "dynax.architectures.residual:ResidualDynamicsModel",
        "resnet": "dynax.architectures.resnet:ResNetDynamicsModel",
        "rigid": "dynax.architectures.rigid:RigidDynamicsModel",
        "transformer": "dynax.architectures.transformer:TransformerDynamicsModel",
    },
    base="dynax.base:BaseDynamicsModel",
    entry_points="dynax.architectures",
    hidden=("env", "parent", "name"),
    suffix="DynamicsModel",
)
ENVS = Registry(
    section="env",
    key="name",
    builtin={
        "acrobot": "dynax.envs.classics:AcrobotEnv",
        "arm": "dynax.envs.contact_robots:ArmEnv",
        "cart_pole": "dynax.envs.classics:CartPoleEnv",
        "cheetah": "dynax.envs.contact_robots:CheetahEnv",
        "data": "dynax.envs.recorded:DataEnv",
        "double_cart_pole": "dynax.envs.classics:DoubleCartPoleEnv",
        "hopper": "dynax.envs.contact_robots:HopperEnv",
        "mjcf": "dynax.envs.mjcf:MjcfEnv",
        "nerd_cartpole": "dynax.envs.classics:NerdCartpoleEnv",
        "pendulum": "dynax.envs.classics:PendulumEnv",
        "quadruped": "dynax.envs.contact_robots:QuadrupedEnv",
        "three_link": "dynax.envs.classics:ThreeLinkEnv",
    },
    base="dynax.envs.env:Env",
    entry_points="dynax.envs",
    hidden=("source", "name", "mjcf", "assets", "reset"),
    suffix="Env",
)
EXCITATIONS = Registry(
    section="excitation",
    key="name",
    builtin={
        "mixed": "dynax.excitations.mixed:Mixed",
        "ou": "dynax.excitations.ou:Ou",
        "passive": "dynax.excitations.passive:Passive",
        "piecewise_constant": "dynax.excitations.piecewise_constant:PiecewiseConstant",
        "prbs": "dynax.excitations.prbs:Prbs",
        "sines": "dynax.excitations.sines:Sines",
        "uniform": "dynax.excitations.uniform:Uniform",
    },
    base="dynax.excitations.excitation:Excitation",
    entry_points="dynax.excitations",
    suffix="Excitation",
)
OPTIMIZERS = Registry(
    section="training",
    key="optimizer",
    builtin={
        "adam": "dynax.training.optimizers.adam:optimizer",
        "adamw": "dynax.training.optimizers.adamw:optimizer",
        "muon": "dynax.training.optimizers.muon:optimizer",
        "soap": "dynax.training.optimizers.soap:optimizer",
    },
    entry_points="dynax.optimizers",
    function="optimizer",
)
RESETS = Registry(
    section="env.reset",
    key="name",
    builtin={
        "keyframe": "dynax.envs.resets.keyframe:KeyframeReset",
        "standing": "dynax.envs.resets.standing:StandingReset",
        "uniform": "dynax.envs.resets.uniform:UniformReset",
    },
    base="dynax.envs.resets.reset:Reset",
    suffix="Reset",
)
TASKS = Registry(
    section="task",
    key="name",
    builtin={
        "acrobot-swingup": "dynax.control.tasks.suite.acrobot:AcrobotSwingup",
        "balance": "dynax.control.tasks.balance:Balance",
        "cartpole-balance": "dynax.control.tasks.suite.cartpole:CartpoleBalance",
        "cartpole-swingup": "dynax.control.tasks.suite.cartpole:CartpoleSwingup",
        "cheetah-run": "dynax.control.tasks.suite.cheetah:CheetahRun",
        "forward": "dynax.control.tasks.forward:Forward",
        "hopper-hop": "dynax.control.tasks.suite.hopper:HopperHop",
        "pendulum-swingup": "dynax.control.tasks.suite.pendulum:PendulumSwingup",
        "quadratic": "dynax.control.tasks.quadratic:Quadratic",
        "reach": "dynax.control.tasks.reach:Reach",
        "reacher-easy": "dynax.control.tasks.suite.reacher:ReacherEasy",
        "stand": "dynax.control.tasks.stand:Stand",
        "swing_up": "dynax.control.tasks.swing_up:SwingUp",
    },
    base="dynax.control.tasks.task:Task",
    entry_points="dynax.tasks",
    suffix="Task",
)
PLANNERS = Registry(
    section="planner",
    key="name",
    builtin={
        "cem": "dynax.control.planners.cem:Cem",
        "icem": "dynax.control.planners.icem:Icem",
        "mppi": "dynax.control.planners.mppi:Mppi",
    },
    base="dynax.control.planners.planner:Planner",
    entry_points="dynax.planners",
    suffix="Planner",
)
POLICIES = Registry(section="collect", key="policy", builtin={}, function="policy")
ALL = (ARCHITECTURES, ENVS, EXCITATIONS, OPTIMIZERS, RESETS, TASKS, PLANNERS, POLICIES)

_BASES = "BaseDynamicsModel, Env, Excitation, Reset, Task or Planner"

_plugins: dict[str, Plugin] = {}


def plugins() -> tuple[Plugin, ...]:
    """Return the plugins that this process has imported."""
    return tuple(_plugins.values())


def load_plugins(paths: Sequence[str | Path]) -> tuple[Plugin, ...]:
    """Import plugin files and register their implementations. An unchanged file is not imported again.

    Args:
        paths: the files. A relative path starts at the working directory.

    Raises:
        UserError: if a file cannot be read or imported, if two files have the same stem, or if a file defines no
            implementation, or several of the same group.
    """
    check_type("plugins", paths, (list, tuple), "a list of files")
    requested = [read_plugin(path) for path in dict.fromkeys(map(str, paths))]
    for plugin in requested:
        if any(other.name == plugin.name and other.path != plugin.path for other in requested):
            raise UserError(f"plugins= contains two files with the stem {plugin.name}; rename one of them")
    for plugin in requested:
        if _plugins.get(plugin.name) != plugin:
            module = import_plugin(plugin)
            _register(vars(module).values(), module.__name__, plugin)
            _plugins[plugin.name] = plugin
    return tuple(requested)


def register_classes(classes: Sequence[type]) -> None:
    """Register classes of a script or a notebook, under the names that saved runs have for them.

    Raises:
        UserError: if a class is no model, robot, excitation, reset, task or planner.
    """
    check_type("classes", classes, (list, tuple), "a list of classes")
    for cls in classes:
        check_type("classes", cls, type, "a list of classes")
        registry = next((r for r in ALL if r.is_implementation(cls, cls.__module__)), None)
        if registry is None:
            raise UserError(f"{cls.__name__} is not a subclass of {_BASES}")
        registry.register(registry.name_of(cls), cls)


def check_plugins(recorded: Iterable[Mapping[str, str]], where: str) -> None:
    """Check that the plugins that a run needs are available. Log a warning if the content of a plugin has changed.

    Args:
        recorded: name, path and SHA-256 of each plugin, from `run.json`.
        where: the run, for error messages.

    Raises:
        UserError: if a plugin is not available.
    """
    for record in recorded:
        name, path = record["name"], record["path"]
        if name in _plugins and _plugins[name].sha256 != record["sha256"]:
            log.warning("%s was made with another version of the plugin %s", where, _plugins[name].path)
        if not any(name in registry.names() for registry in ALL):
            file = path if Path(path).is_file() else f"path/to/{name}.py"
            raise UserError(
                f"{where} needs the plugin `{name}` ({path}), and Dynax imports only plugins that you name: "
                f"add plugins=[{file}], or in Python load(run, plugins=['{file}'])"
            )


def _register(things: Iterable[Any], module: str, plugin: Plugin) -> None:
    """Register the implementations that a plugin defines, each under the plugin's name."""
    things, count = list(things), 0
    for registry in ALL:
        found = {id(thing): thing for thing in things if registry.is_implementation(thing, module)}.values()
        leaves = [x for x in found if not any(x in inspect.getmro(y)[1:] for y in found if inspect.isclass(y))]
        if len(leaves) > 1:
            names = ", ".join(leaf.__name__ for leaf in leaves)
            raise UserError(f"plugins={plugin.path} defines {names}; put each of them into its own file")
        for leaf in leaves:
            registry.register(plugin.name, leaf)
            count += 1
    if not count:
        raise UserError(
            f"plugins={plugin.path} defines no implementation: it must contain a subclass of {_BASES}, or a function "
            "optimizer(schedule, config) or policy(state, rng)"
        )
