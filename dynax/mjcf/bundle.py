"""A robot's file with everything it refers to: one XML text and the files it loads, under names of their own."""

from pathlib import Path

import mujoco
import numpy as np

from dynax.errors import UserError
from dynax.mjcf.mujoco_log import logged

INVENTORY = ("nq", "nv", "nu", "na", "nbody", "ngeom", "nmesh", "ntex", "nhfield", "nskin", "neq", "ntendon", "nkey")
NUMBERS = ("body_mass", "body_inertia", "qpos0", "geom_rbound", "geom_friction", "actuator_gear", "jnt_range")


@logged()
def bundle(path: Path, key: str) -> tuple[str, dict[str, bytes]]:
    """The MJCF text of the MJCF or URDF file `path`, with includes written out, and its assets by name.

    A file that stands alone comes back as it is written. Raises `UserError`, naming the config `key`, for a file that
    cannot be read or that MuJoCo rejects.
    """
    try:
        text = path.read_text()
        model = mujoco.MjModel.from_xml_path(str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{key}={path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    except ValueError as error:
        raise UserError(f"{key}={path} is no MJCF or URDF that MuJoCo accepts: {_line(error)}") from None
    spec = mujoco.MjSpec.from_file(str(path))
    assets = _gathered(spec, path)
    if not assets and "<include" not in text and "<robot" not in text and "<attach" not in text:
        return text, {}
    try:
        spec.compile()
        text = spec.to_xml()
        again = mujoco.MjModel.from_xml_string(text, assets)
    except ValueError as error:
        raise UserError(f"{key}={path} cannot be carried along with a run: {_line(error)}") from None
    for name in INVENTORY:
        if getattr(model, name) != getattr(again, name):
            raise UserError(f"{key}={path} cannot be carried along with a run: MuJoCo writes it with another {name}")
    for name in NUMBERS:
        if not np.allclose(getattr(model, name), getattr(again, name), rtol=1e-5, atol=1e-9):
            raise UserError(f"{key}={path} cannot be carried along with a run: MuJoCo writes it with another {name}")
    return text, assets


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def _gathered(spec: mujoco.MjSpec, path: Path) -> dict[str, bytes]:
    """The files that `spec` loads, by new names that `spec` is made to load them by."""
    assets: dict[str, bytes] = {}

    def taken(file: str, folder: str) -> str:
        where = path.parent / folder / (Path(file).name if spec.strippath else file)
        if not where.exists():  # MuJoCo looks beside the model too
            where = path.parent / file
        try:
            content = where.read_bytes()
        except OSError as error:
            raise UserError(f"{path} loads {file}, which cannot be read: {error.strerror}") from None
        name = Path(file).name
        while assets.get(name, content) != content:
            name = f"_{name}"
        assets[name] = content
        return name

    meshes, textures = spec.meshdir, spec.texturedir
    for item in (*spec.meshes, *spec.hfields, *spec.skins, *spec.textures):
        if item.file:
            item.file = taken(item.file, textures if isinstance(item, mujoco.MjsTexture) else meshes)
    for texture in spec.textures:
        texture.cubefiles = [taken(file, textures) if file else "" for file in texture.cubefiles]
    spec.meshdir = spec.texturedir = ""
    spec.assets = assets
    return assets
