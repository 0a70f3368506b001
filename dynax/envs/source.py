"""The source of a robot's model: a file, an XML text, an MjSpec or an MjModel."""

import functools
import hashlib
import logging
import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import mujoco

from dynax.errors import UserError
from dynax.mjcf.announce import announced
from dynax.mjcf.binary_model import compile_model, model_name, serialize_model
from dynax.mjcf.edited_model import meaningless_value
from dynax.mjcf.isolation import NO_MEMORY, run_in_child
from dynax.mjcf.messages import collected_warnings, repeat_warning, warnings_to_log
from dynax.mjcf.model_file import read_model_file, serialize_spec
from dynax.mjcf.numbers import unusable_number
from dynax.mjcf.self_contained import references
from dynax.mjcf.special_files import check_regular_files

log = logging.getLogger(__name__)

ModelSource = str | os.PathLike[str] | mujoco.MjSpec | mujoco.MjModel
Read = Callable[[], tuple[str, dict[str, bytes]]]  # returns the text and the assets of a model

ASSETS = Path(__file__).parent / "assets"  # folder of the MJCF files of Dynax
UNNAMED = "MuJoCo Model"  # MuJoCo's name of a model without a name

BLANK = " \t\r\n\ufeff"  # characters before an XML text; the last one is a byte order mark
MAX_CONTACTS = 10_000  # in the default pose

BAD_STEP = (mujoco.mjtWarning.mjWARN_BADQPOS, mujoco.mjtWarning.mjWARN_BADQVEL, mujoco.mjtWarning.mjWARN_BADQACC)

_tried: set[str] = set()  # digests of the models that have been compiled and simulated in a child process


def read_source(source: ModelSource, argument: str, assets: Mapping[str, bytes]) -> tuple[str, dict[str, bytes]]:
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
        if fault := meaningless_value(source):  # MuJoCo does not name it when it reads the binary format
            raise UserError(f"{argument}, an MjModel, cannot be simulated: {fault}", argument)
        return serialize_model(source)
    if isinstance(source, mujoco.MjSpec):
        with announced(log, "compiling an MjSpec"):
            return _read_in_child(lambda: serialize_spec(source, argument), f"{argument}, an MjSpec,", argument)
    if not isinstance(source, (str, os.PathLike)):
        kind = type(source).__name__
        raise UserError(f"{argument} must be a path, an XML text, an MjSpec or an MjModel, not {kind}", argument)
    if is_xml(source):
        return str(source).lstrip(BLANK), dict(assets)
    path = Path(source).expanduser()
    if path.exists() and not path.is_file() and not path.is_dir():  # reading a pipe would never end
        raise UserError(f"{argument}={path} is not a regular file", argument)
    if path.parent == ASSETS:
        return read_model_file(path, argument)
    with announced(log, f"reading and compiling {path}"):
        return _read_in_child(lambda: read_model_file(path, argument), f"{argument}={path}", argument)


def _read_in_child(read: Read, name: str, argument: str) -> tuple[str, dict[str, bytes]]:
    """Return the text and the assets that `read` returns, after a simulated step, both in a child process."""
    mjcf, assets, warnings = run_in_child(lambda: _read_and_try(read, name, argument), name, argument)
    for warning in warnings:
        repeat_warning(warning)
    _tried.add(_digest(mjcf, assets))
    return mjcf, assets


def check_model(mjcf: str, assets: Mapping[str, bytes], name: str) -> None:
    """Compile a model and simulate one step in a child process, unless this process has already done so.

    Raises:
        UserError: if MuJoCo crashes, or if the text is not strict XML. Errors of the compiler are left to the caller.
    """
    if not mjcf.isprintable() and re.search(r"[\ud800-\udfff]", mjcf):
        raise UserError(f"the MJCF of {name} contains characters that no file can contain: read its file as UTF-8")
    digest = _digest(mjcf, assets)
    if digest not in _tried and digest not in _shipped():
        check_regular_files(mjcf, Path(), name, None, assets)
        with announced(log, f"compiling {name}"):
            run_in_child(lambda: _try(mjcf, assets, name, None), name)
        _tried.add(digest)


def _read_and_try(read: Read, name: str, argument: str) -> tuple[str, dict[str, bytes], list[str]]:
    """Read a model and simulate it. Return its text, its assets, and the warnings of the compiler."""
    with collected_warnings() as warnings:
        mjcf, assets = read()
    _try(mjcf, assets, name, argument)
    return mjcf, assets, warnings


def _try(mjcf: str, assets: Mapping[str, bytes], name: str, argument: str | None) -> None:
    """Compile a model and simulate one step."""
    with warnings_to_log():
        try:
            model = compile_model(mjcf, assets)
        except ValueError as error:
            if NO_MEMORY.search(str(error)):  # the caller has no limit of memory
                raise
            return  # the caller reports the error
        references(mjcf, name)  # a saved model must be strict XML, see `check_self_contained`
        if fault := unusable_number(model) or meaningless_value(model):
            raise UserError(f"{name} cannot be simulated: {fault}", argument)
        data = mujoco.MjData(model)
        mujoco.mj_kinematics(model, data)
        mujoco.mj_collision(model, data)
        if data.ncon > MAX_CONTACTS:  # the constraint solver would need gigabytes
            raise UserError(
                f"{name} has {data.ncon:,} contacts in its default pose, more than {MAX_CONTACTS:,}: move the geoms "
                "apart, or exclude their contacts",
                argument,
            )
        mujoco.mj_step(model, data)
        if any(data.warning[number].number for number in BAD_STEP):
            raise UserError(
                f"{name} accelerates without bound in its default pose: check masses, inertias, gravity, gains and the "
                "timestep",
                argument,
            )


def _digest(mjcf: str, assets: Mapping[str, bytes]) -> str:
    parts = [mjcf.encode(), *(part for name in sorted(assets) for part in (name.encode(), assets[name]))]
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


@functools.cache
def _shipped() -> frozenset[str]:
    """Return the digests of the models of Dynax, which do not crash."""
    return frozenset(_digest(file.read_text(), {}) for file in ASSETS.glob("*.xml"))


def is_xml(source: ModelSource) -> bool:
    """Return whether a source is an XML text rather than a path."""
    return isinstance(source, str) and source.lstrip(BLANK).startswith("<")


def name_of_source(source: ModelSource | None, model: mujoco.MjModel) -> str:
    """Return the name of a robot: the stem of its file, or the name of its model, or `robot`."""
    if isinstance(source, (str, os.PathLike)) and not is_xml(source):
        return Path(source).stem
    name = model_name(model)
    return "robot" if name in ("", UNNAMED) else re.sub(r"[^\w.-]+", "_", name)
