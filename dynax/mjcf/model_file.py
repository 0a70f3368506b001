"""A model file with its assets: one XML text, and the files that the text loads, by name.

The pair is independent of the file system. A saved run contains it, and rebuilds the robot from it.
"""

from pathlib import Path

import mujoco
import numpy as np

from dynax.errors import UserError
from dynax.mjcf import urdf
from dynax.mjcf.encoding import decode_xml
from dynax.mjcf.messages import warnings_to_log
from dynax.mjcf.self_contained import check_self_contained, names_no_file
from dynax.mjcf.special_files import check_regular_files

SIZES = ("nq", "nv", "nu", "na", "nbody", "ngeom", "nmesh", "ntex", "nhfield", "nskin", "neq", "ntendon", "nkey")
NUMBERS = ("body_mass", "body_inertia", "qpos0", "geom_rbound", "geom_friction", "actuator_gear", "jnt_range")


@warnings_to_log()
def read_model_file(path: Path, argument: str) -> tuple[str, dict[str, bytes]]:
    """Read an MJCF or URDF file with everything that it includes and loads.

    Args:
        path: the file.
        argument: name of the argument that contains the path, for error messages.

    Returns:
        The MJCF text, with includes written out, and the assets by name. An MJCF without includes and assets is
        returned unchanged. A URDF receives motors, see `urdf.add_motors`.

    Raises:
        UserError: if a file cannot be read, or if MuJoCo rejects the model.
    """
    source = f"{argument}={path}"
    try:
        text, is_utf8 = decode_xml(path.read_bytes(), source, argument)
    except OSError as error:
        raise UserError(f"{source} cannot be read: {error.strerror}", argument) from None
    if urdf.is_xacro(text):
        raise UserError(f"{source} contains xacro macros: expand them with `xacro {path.name} > robot.urdf`", argument)
    check_regular_files(text, path.parent, source, argument)
    try:
        spec = mujoco.MjSpec.from_file(str(path)) if is_utf8 else _transcoded(text, path)
        if urdf.is_urdf(text):
            urdf.add_motors(spec, text)
        model = spec.copy().compile()
    except ValueError as error:
        raise UserError(f"{source} is not a valid MJCF or URDF file: {_one_line(error)}", argument) from None
    assets = _collect_assets(spec, path.parent, source, argument)
    if not (assets or "<attach" in text or urdf.is_urdf(text)) and names_no_file(text):  # not even in an include
        return text, {}
    return _write(spec, model, assets, source, argument), assets


@warnings_to_log()
def serialize_spec(spec: mujoco.MjSpec, argument: str) -> tuple[str, dict[str, bytes]]:
    """Return the MJCF text of an MjSpec and its assets by name. The MjSpec itself does not change.

    Args:
        spec: the MjSpec. Its files are read from its asset dictionary, or from its folder.
        argument: name of the argument that contains the MjSpec, for error messages.

    Raises:
        UserError: if a file cannot be read, or if MuJoCo rejects the model.
    """
    try:
        model = spec.copy().compile()
    except ValueError as error:
        raise UserError(f"{argument} is an MjSpec that MuJoCo cannot compile: {_one_line(error)}", argument) from None
    spec = spec.copy()
    assets = _collect_assets(spec, Path(spec.modelfiledir), argument, argument)
    return _write(spec, model, assets, argument, argument), assets


def _write(spec: mujoco.MjSpec, model: mujoco.MjModel, assets: dict[str, bytes], source: str, argument: str) -> str:
    """Return the XML text of `spec`, after a check that the text with its assets gives `model` again."""
    try:
        spec.compile()
        text = spec.to_xml()
        written = mujoco.MjModel.from_xml_string(text, assets)
    except ValueError as error:
        raise UserError(f"{source} cannot be written as one MJCF text: {_one_line(error)}", argument) from None
    for name in (*SIZES, *NUMBERS):
        before, after = np.asarray(getattr(model, name)), np.asarray(getattr(written, name))
        if before.shape != after.shape or not np.allclose(before, after, rtol=1e-5, atol=1e-9):
            raise UserError(f"{source} cannot be written as one MJCF text: MuJoCo changes {name} in it", argument)
    check_self_contained(text, assets, f"{source}, written as one MJCF text,")
    return text


def _transcoded(text: str, path: Path) -> mujoco.MjSpec:
    """Return the MjSpec of a file that is not in UTF-8, which MuJoCo cannot read from its path."""
    spec = mujoco.MjSpec.from_string(text)
    spec.modelfiledir = str(path.parent)
    return spec


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _collect_assets(spec: mujoco.MjSpec, folder: Path, source: str, argument: str) -> dict[str, bytes]:
    """Return the files that `spec` loads, and make `spec` load each file by its new name."""
    given, assets = dict(spec.assets), {}

    def add(file: str, subfolder: str) -> str:
        content = given[file] if file in given else _read(file, subfolder)
        name = Path(file).name
        while assets.get(name, content) != content:
            name = f"_{name}"
        assets[name] = content
        return name

    def _read(file: str, subfolder: str) -> bytes:
        path = folder / subfolder / (Path(file).name if spec.strippath else file)
        if not path.exists():  # MuJoCo searches the folder of the model file, too
            path = folder / file
        try:
            return path.read_bytes()
        except OSError as error:
            raise UserError(f"{source} loads {file}, which cannot be read: {error.strerror}", argument) from None

    meshes, textures = spec.meshdir, spec.texturedir
    for item in (*spec.meshes, *spec.hfields, *spec.skins, *spec.textures):
        if item.file:
            item.file = add(item.file, textures if isinstance(item, mujoco.MjsTexture) else meshes)
    for texture in spec.textures:
        texture.cubefiles = [add(file, textures) if file else "" for file in texture.cubefiles]
    spec.meshdir = spec.texturedir = ""
    spec.assets = assets
    return assets
