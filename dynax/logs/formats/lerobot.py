"""LeRobot v2.1 and v3: Parquet files in `data/`, described by `meta/info.json`."""

from pathlib import Path
from typing import Any, TypedDict

import numpy as np

from dynax.envs.unsupported import MAX_TIMESTEP, MIN_TIMESTEP
from dynax.errors import UserError
from dynax.logs.formats.parquet import read_arrays
from dynax.logs.recording import Column, Recording, table
from dynax.runs.json_files import read_json

EPISODE = "episode_index"
MAX_EPISODE = 2**53  # larger whole numbers are not exact


class _Info(TypedDict):
    features: dict[str, Any]
    fps: float


def files(path: Path) -> list[Path]:
    """Return the files that `read` reads."""
    return [path / "meta" / "info.json", *sorted((path / "data").rglob("*.parquet"))]


def read(path: Path, name: str) -> list[Recording]:
    """Return one recording for each episode. Columns have the names that `meta/info.json` states.

    Raises:
        UserError: if a file is missing or damaged.
    """
    info = read_json(path / "meta" / "info.json", _Info, f"source={path} is damaged")
    features, fps = info["features"], info["fps"]
    if not 1 / MAX_TIMESTEP <= fps <= 1 / MIN_TIMESTEP:
        bounds = f"{1 / MAX_TIMESTEP:g} to {1 / MIN_TIMESTEP:g} samples per second"
        raise UserError(f"{path / 'meta' / 'info.json'}: fps={fps:g} must be from {bounds}")
    if len(parts := files(path)) < 2:
        raise UserError(f"{path} has no Parquet files in data/")
    recordings = []
    for part in parts[1:]:
        arrays, unusable = read_arrays(part)
        numbers = arrays.get(EPISODE, np.array([np.nan]))
        if numbers.ndim != 1 or not (np.abs(numbers) < MAX_EPISODE).all() or (numbers % 1).any():
            raise UserError(f"{part} has no column {EPISODE} with a whole number in each row")
        episodes = numbers.astype(int)
        for episode in np.unique(episodes):
            rows = {key: array[episodes == episode] for key, array in arrays.items()}
            columns = _named(rows, features, part)
            recordings.append(Recording(name, columns, f"episode_{episode}", unusable, dt=1 / fps))
    return sorted(recordings, key=lambda recording: int(recording.episode.rpartition("_")[2]))


def _named(arrays: dict[str, np.ndarray], features: dict[str, Any], part: Path) -> dict[str, Column]:
    """Return the columns of arrays, with the names of their entries if the description has them."""
    separate = {}
    for key, array in arrays.items():
        names = _names(features.get(key, {}))
        if array.ndim == 2 and names and len(set(names)) == len(names) == array.shape[1]:
            separate |= {f"{key}.{entry}": array[:, i] for i, entry in enumerate(names)}
        else:
            separate[key] = array
    return table(separate, str(part))


def _names(feature: Any) -> list[str]:
    """Return the names of a feature: a list, or a mapping with lists as values."""
    names = feature.get("names") if isinstance(feature, dict) else None
    if isinstance(names, dict):
        names = [entry for part in names.values() for entry in (part if isinstance(part, list) else [part])]
    return [str(name) for name in names] if isinstance(names, list) else []
