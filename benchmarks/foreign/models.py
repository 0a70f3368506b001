"""The models of other packages, found among the installed packages and in folders of unpacked wheels."""

import importlib.util
from collections.abc import Sequence
from pathlib import Path

CHOICE = (  # models of the table: each family of every package
    "gymnasium/envs/mujoco/assets/inverted_double_pendulum.xml",
    "gymnasium/envs/mujoco/assets/swimmer.xml",
    "gymnasium/envs/mujoco/assets/hopper.xml",
    "gymnasium/envs/mujoco/assets/half_cheetah.xml",
    "gymnasium/envs/mujoco/assets/ant.xml",
    "gymnasium/envs/mujoco/assets/pusher_v5.xml",
    "gymnasium/envs/mujoco/assets/humanoid.xml",
    "dm_control/suite/acrobot.xml",
    "dm_control/suite/ball_in_cup.xml",
    "dm_control/suite/finger.xml",
    "dm_control/suite/fish.xml",
    "dm_control/suite/manipulator.xml",
    "dm_control/suite/quadruped.xml",
    "dm_control/suite/humanoid_CMU.xml",
    "dm_control/suite/dog.xml",
    "dm_control/locomotion/walkers/assets/rodent.xml",
    "gymnasium_robotics/envs/assets/fetch/reach.xml",
    "gymnasium_robotics/envs/assets/fetch/pick_and_place.xml",
    "gymnasium_robotics/envs/assets/hand/reach.xml",
    "gymnasium_robotics/envs/assets/point/point.xml",
    "gymnasium_robotics/envs/assets/adroit_hand/adroit_door.xml",
    "brax/envs/assets/reacher.xml",
    "brax/envs/assets/ant.xml",
    "brax/envs/assets/humanoid.xml",
    "metaworld/assets/sawyer_xyz/sawyer_reach_v3.xml",
    "metaworld/assets/sawyer_xyz/sawyer_door_pull.xml",
)
PACKAGES = tuple(dict.fromkeys(model.partition("/")[0] for model in CHOICE))


def find_packages(folders: Sequence[Path]) -> dict[str, Path]:
    """Return the folders of the packages by name: first in `folders`, then among the installed packages."""
    found = {}
    for name in PACKAGES:
        spec = importlib.util.find_spec(name)
        installed = [Path(spec.submodule_search_locations[0])] if spec and spec.submodule_search_locations else []
        existing = [folder / name for folder in folders if (folder / name).is_dir()] + installed
        if existing:
            found[name] = existing[0]
    return found


def find_models(packages: dict[str, Path], *, every: bool) -> dict[str, Path]:
    """Return the files of the models by name, the smallest file first; all XML files of the packages with `every`."""
    if every:
        files = {f"{name}/{p.relative_to(at)}": p for name, at in packages.items() for p in at.rglob("*.xml")}
    else:
        chosen = [(model, *model.split("/", 1)) for model in CHOICE]
        files = {model: packages[name] / path for model, name, path in chosen if name in packages}
    return dict(sorted(files.items(), key=lambda item: (item[1].stat().st_size if item[1].exists() else 0, item[0])))
