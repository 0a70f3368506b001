"""HDF5: robomimic (`data/demo_*`), Minari (`episode_*`), D4RL (`timeouts`, `terminals`), or plain arrays.

Names of columns are paths within an episode, such as `obs/robot0_joint_pos.0`.
"""

import math
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from dynax.config.bounds import check_memory, check_samples
from dynax.errors import UserError
from dynax.logs.recording import Recording, fault_of_array, fault_of_length, no_columns, table

QPOS = {"free": 7, "ball": 4, "hinge": 1, "slide": 1}  # positions of a MuJoCo joint
QVEL = {"free": 6, "ball": 3, "hinge": 1, "slide": 1}
MAX_DEPTH = 20  # groups within groups
ENDS = ("timeouts", "terminals", "terminations", "truncations")  # arrays that mark the last sample of an episode


def read(path: Path, name: str) -> list[Recording]:
    """Return one recording for each episode.

    Args:
        path: a file, or the folder of a Minari dataset.
        name: name of the file in the source.

    Raises:
        UserError: if the file is damaged or has no arrays.
    """
    import h5py

    file = files(path)[0]
    try:
        with h5py.File(file) as content:
            recordings = list(_recordings(content, name, h5py))
    except OSError as error:
        raise UserError(f"{file} is no HDF5 file or is damaged: {' '.join(str(error).split())}") from None
    if not recordings:
        raise UserError(f"{file} contains no arrays of numbers")
    return recordings


def files(path: Path) -> list[Path]:
    """Return the file that `read` reads."""
    if path.is_file():
        return [path]
    return [next(file for file in (path / "data" / "main_data.hdf5", path / "main_data.hdf5") if file.is_file())]


def _recordings(content: Any, name: str, h5py: Any) -> Iterator[Recording]:
    root = content["data"] if isinstance(content.get("data"), h5py.Group) else content
    groups = [key for key in root if re.fullmatch(r"(demo|episode)_\d+", key) and isinstance(root.get(key), h5py.Group)]
    if not groups:
        arrays, unusable = _arrays(content, h5py)
        if not arrays:
            raise no_columns(Path(content.filename), unusable)
        yield from _flat(arrays, unusable, name)
    for key in sorted(groups, key=lambda key: int(key.rpartition("_")[2])):
        (arrays, unusable), attributes = _arrays(root[key], h5py), dict(root[key].attrs)
        model = attributes.get("model_file", root.attrs.get("model_file"))
        arrays |= _mujoco_states(arrays.get("states"), model)
        facts = {"mjcf": str(model)} if model is not None else {}
        yield Recording(name, table(_same_length(arrays, unusable), name), key, unusable, facts=facts)


def _arrays(group: Any, h5py: Any) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """Return all numeric arrays in a group, by path, and a clause about each other array and each broken link.

    Raises:
        UserError: if the arrays need more memory than there is.
    """
    items, unusable = _items(group, h5py)
    numbers = 0
    for key, item in items.items():
        place = f"{key} of {group.file.filename}"
        numbers += max(item.size, math.prod(item.chunks or ()))  # a chunk may be larger than the data in it
        others = f" and {len(items) - 1} other arrays" if len(items) > 1 else ""
        check_memory(f"reading {place}{others}", 16.0 * numbers, "import a part of the log")
        check_samples(place, len(item))
    return {key: item[()] for key, item in items.items()}, unusable


def _items(group: Any, h5py: Any, prefix: str = "") -> tuple[dict[str, Any], dict[str, str]]:
    """Return all numeric arrays in a group, by path, without reading them, and a clause about the others."""
    items, unusable = {}, {}
    if prefix.count("/") > MAX_DEPTH:
        raise UserError(f"{group.file.filename}: the groups in {prefix[:40]} are too deep, or contain themselves")
    for key in group:
        if isinstance(link := group.get(key, getlink=True), h5py.ExternalLink):
            raise UserError(f"{group.file.filename}: {prefix}{key} is a link to {link.filename}; copy its data instead")
        item = group.get(key)
        if isinstance(item, h5py.Group):
            found, faults = _items(item, h5py, f"{prefix}{key}/")
            items, unusable = items | found, unusable | faults
        elif item is None:
            unusable[prefix + key] = "is damaged, or a link to nothing"
        elif isinstance(item, h5py.Dataset):
            if fault := _fault(item):
                unusable[prefix + key] = fault
            else:
                items[prefix + key] = item
    return items, unusable


def _fault(item: Any) -> str | None:
    """Return a clause about a dataset that cannot be one or several columns, or None."""
    if item.shape is None:
        return "is empty"
    if item.external or item.is_virtual:  # HDF5 reads zeros if the other file is missing
        return "is stored in other files, and must be copied into this file"
    fault = fault_of_array(item.shape, item.dtype)
    return fault or (None if item.ndim <= 2 else f"has {item.ndim} axes, but must have one or two")


def _same_length(arrays: dict[str, np.ndarray], unusable: dict[str, str]) -> dict[str, np.ndarray]:
    """Return arrays with one row per state. Minari has N + 1 observations and N actions: the last action is repeated.

    The repeated action follows the last state, so that no transition contains it.

    Args:
        arrays: the arrays.
        unusable: receives a clause about each array of another length.
    """
    length = max(map(len, arrays.values()), default=0)
    result = {}
    for key, array in arrays.items():
        if len(array) in (length, length - 1) and len(array):
            result[key] = np.concatenate([array, array[-1:]])[:length] if len(array) < length else array
        else:
            unusable[key] = fault_of_length(len(array), length)
    return result


def _flat(arrays: dict[str, np.ndarray], unusable: dict[str, str], name: str) -> Iterator[Recording]:
    """Yield the episodes of arrays that contain all episodes one after the other."""
    length = max(map(len, arrays.values()), default=0)
    unusable |= {key: fault_of_length(len(array), length) for key, array in arrays.items() if len(array) != length}
    arrays = {key: array for key, array in arrays.items() if len(array) == length and length}
    if not arrays:
        return
    ends = np.zeros(length, bool)
    for key in ENDS:
        if key in unusable:
            raise UserError(f"{name}: {key}, which marks the ends of the episodes, {unusable[key]}")
        ends |= np.asarray(arrays.pop(key, np.zeros(length))).astype(bool).reshape(length, -1).any(axis=1)
    edges = [0, *(np.flatnonzero(ends) + 1).tolist(), length]
    episodes = [(start, end) for start, end in pairwise(edges) if end > start]
    for number, (start, end) in enumerate(episodes):
        episode = f"episode_{number}" if len(episodes) > 1 else ""
        yield Recording(name, table({key: array[start:end] for key, array in arrays.items()}, name), episode, unusable)


def _mujoco_states(states: np.ndarray | None, model: object) -> dict[str, np.ndarray]:
    """Return time, qpos and qvel of flattened MuJoCo states, whose widths follow from the joints of the model."""
    if states is None or model is None:
        return {}
    text = model.decode() if isinstance(model, bytes) else str(model)
    try:
        tree = ElementTree.fromstring(text)
    except ElementTree.ParseError:
        return {}
    worldbody = tree.find("worldbody")
    kinds = [] if worldbody is None else [
        "free" if joint.tag == "freejoint" else joint.get("type", "hinge")
        for joint in worldbody.iter()
        if joint.tag in ("joint", "freejoint")
    ]  # fmt: skip
    if not QPOS.keys() >= set(kinds):
        return {}
    nq, nv = (sum(widths[kind] for kind in kinds) for widths in (QPOS, QVEL))
    if states.ndim != 2 or states.shape[1] < 1 + nq + nv or not nq:
        return {}
    return {"time": states[:, 0], "qpos": states[:, 1 : 1 + nq], "qvel": states[:, 1 + nq : 1 + nq + nv]}
