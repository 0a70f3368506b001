"""The source of a robot's model: a file, an XML text, an MjSpec or an MjModel."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import mujoco

from dynax.mjcf.binary_model import model_name, serialize_model
from dynax.mjcf.model_file import read_model_file, serialize_spec

Source = str | os.PathLike[str] | mujoco.MjSpec | mujoco.MjModel

ASSETS = Path(__file__).parent / "assets"  # folder of the MJCF files of Dynax
UNNAMED = "MuJoCo Model"  # MuJoCo's name of a model without a name


def read_source(source: Source, argument: str, assets: Mapping[str, bytes]) -> tuple[str, dict[str, bytes]]:
    """Return the MJCF text of a robot, and the files that the text loads by name.

    An MjModel has no XML text. Its text is a placeholder, and the assets contain the model in MuJoCo's binary format;
    see `dynax.mjcf.binary_model` for the limits of that format.

    Args:
        source: path of an MJCF or URDF file, XML text, MjSpec or MjModel.
        argument: name of the argument that contains the source, for error messages.
        assets: the files that an XML text loads, by name.

    Raises:
        UserError: if a file cannot be read, or if MuJoCo rejects the model.
    """
    if isinstance(source, mujoco.MjModel):
        return serialize_model(source)
    if isinstance(source, mujoco.MjSpec):
        return serialize_spec(source, argument)
    if is_xml(source):
        return str(source), dict(assets)
    return read_model_file(Path(source).expanduser(), argument)


def is_xml(source: Source) -> bool:
    """Return whether a source is an XML text rather than a path."""
    return isinstance(source, str) and source.lstrip().startswith("<")


def name_of_source(source: Source | None, model: mujoco.MjModel) -> str:
    """Return the name of a robot: the stem of its file, or the name of its model, or `robot`."""
    if isinstance(source, (str, os.PathLike)) and not is_xml(source):
        return Path(source).stem
    name = model_name(model)
    return "robot" if name in ("", UNNAMED) else re.sub(r"[^\w.-]+", "_", name)
