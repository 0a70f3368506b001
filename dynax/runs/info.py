"""The content of `run.json`: types of its keys, for the one reader of JSON files."""

from typing import Annotated, Any, NotRequired, TypedDict

from dynax.runs.json_files import MAX_INTEGER, Range


class EnvGroup(TypedDict):
    """The group `env` of a config; its other keys are options of the robot."""

    name: str


class ModelGroup(TypedDict):
    """The group `model` of a config; its other keys are options of the model."""

    architecture: str


class Config(TypedDict):
    """The groups of a config: those of every saved model, and the group of a training."""

    env: EnvGroup
    model: ModelGroup
    training: NotRequired[dict[str, Any]]


class Classes(TypedDict):
    """The names of the classes of a saved model."""

    env: str
    model: str


class PluginFile(TypedDict):
    """A plugin that a saved model needs."""

    name: str
    path: str
    sha256: str


class Metrics(TypedDict):
    """The part of `metrics.jsonl` that belongs to a checkpoint: its size in bytes and its SHA-256."""

    size: Annotated[int, Range(0, MAX_INTEGER)]
    sha256: str


class SavedInfo(TypedDict):
    """The keys that every `run.json` has."""

    format: int
    config: Config
    classes: Classes
    plugins: list[PluginFile]
    versions: dict[str, str | None]
    commit: str | None
    machine: str


class CheckpointInfo(SavedInfo):
    """The keys that the `run.json` of a checkpoint has."""

    run_id: str
    epoch: Annotated[int, Range(0, MAX_INTEGER)]
    metrics: Metrics
    dataset: str
    dataset_sha256: str
    best_epoch: Annotated[int, Range(0, MAX_INTEGER)]
    best_val_nrmse: Annotated[float, Range(0, float("inf"))]  # infinite before the first epoch
    seconds_in_epoch: NotRequired[Annotated[float, Range(0, MAX_INTEGER)] | None]
