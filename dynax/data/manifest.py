"""The manifest of a dataset: everything that determines the data, and the checksums of the files.

Three checksums identify a dataset. `description_sha256` is that of everything that determines the data, and names the
directory. `data_sha256` is that of the data: of the SHA-256 of all array files. `sha256` is that of the manifest.
"""

import difflib
import hashlib
import json
import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, NotRequired, TypedDict

from dynax.config.bounds import MAX_SECONDS, MAX_STEPS, MAX_TRAJECTORIES
from dynax.envs import Env
from dynax.errors import UserError
from dynax.runs.json_files import Range, read_json
from dynax.runs.json_files import difference as schema_difference

FORMAT = "dynax-dataset/3"
FILE = "manifest.json"
MAX_SIZE = 10**6  # entries of a state
MIN_DT = 1e-12  # s
MAX_NAME_BYTES = 150  # of a robot's name in the name of a directory
ADVICE = "delete the dataset and collect it again"

Count = Annotated[int, Range(0, MAX_TRAJECTORIES * MAX_STEPS)]
_CHECKSUMS = ("description_sha256", "files", "data_sha256", "sha256")  # keys that do not describe the data


class Segment(TypedDict):
    """A part of a recording without gaps."""

    recording: str


class Log(TypedDict):
    """The keys of an imported log that Dynax reads."""

    segments: list[Segment]
    rows: list[list[Count]]  # the segment of each trajectory, and its first sample in the segment
    test_rows: Count  # number of trajectories that no training uses, the last ones
    noise_std: dict[str, float]


class Manifest(TypedDict):
    """The keys that Dynax reads, except the name of the excitation; a manifest has more keys."""

    robot: str
    mjcf: str
    mjcf_sha256: str
    assets_sha256: dict[str, str]
    joints: list[str]
    action_names: list[str]
    nq: Annotated[int, Range(0, MAX_SIZE)]
    nv: Annotated[int, Range(0, MAX_SIZE)]
    na: Annotated[int, Range(0, MAX_SIZE)]
    dt: Annotated[float, Range(MIN_DT, MAX_SECONDS)]
    decimation: Annotated[int, Range(1, MAX_STEPS)]
    backend: str
    num_rollouts: Annotated[int, Range(1, MAX_TRAJECTORIES)]
    rollout_length: Annotated[int, Range(1, MAX_STEPS)]
    chunk: Annotated[int, Range(1, MAX_TRAJECTORIES)]
    dtype: Literal["float32", "float64"]
    log: NotRequired[Log]
    files: dict[str, str]
    description_sha256: str
    data_sha256: str


def robot_of(env: Env) -> dict[str, Any]:
    """Return the entries of a manifest that describe the robot."""
    model = env.mj_model
    return {
        "robot": env.name,
        "mjcf": env.mjcf,
        "mjcf_sha256": sha256(env.mjcf),
        "assets_sha256": {name: hashlib.sha256(content).hexdigest() for name, content in env.assets.items()},
        "joints": list(env.space.joints),
        "action_names": list(env.action_names),
        "nq": model.nq,
        "nv": model.nv,
        "na": model.na,
        "dt": env.dt,
        "decimation": env.decimation,
    }


def with_description_hash(description: Mapping[str, Any]) -> dict[str, Any]:
    """Return the description of a dataset with its format and its SHA-256."""
    content = {"format": FORMAT, **description}
    return content | {"description_sha256": sha256(canonical(content))}


def with_checksums(description: Mapping[str, Any], files: Mapping[str, str]) -> dict[str, Any]:
    """Return the manifest of a dataset whose data have been written.

    Args:
        description: the output of `with_description_hash`.
        files: SHA-256 of each file, by relative path.
    """
    content = {**description, "files": dict(files), "data_sha256": data_sha256(files)}
    return content | {"sha256": sha256(canonical(content))}


def directory_name(description: Mapping[str, Any]) -> str:
    """Return the name of a dataset's directory: the robot, shortened to a visible part of a path, and the hash."""
    robot = re.sub(r"^\.+|[/\x00-\x1f]", "_", description["robot"]).encode()[:MAX_NAME_BYTES].decode(errors="ignore")
    return f"{robot}-{description['description_sha256'][:12]}"


def data_sha256(files: Mapping[str, str]) -> str:
    """Return the SHA-256 of the data: of the names and the SHA-256 of all files in arrays."""
    return sha256(canonical({name: digest for name, digest in files.items() if "/" in name}))


def read_manifest(path: Path) -> dict[str, Any]:
    """Return the manifest of the dataset in the directory `path`.

    Raises:
        UserError: if the manifest is missing, damaged or of another format.
    """
    manifest = _read_json(path)
    found = manifest.get("format") if isinstance(manifest, dict) else None
    if found != FORMAT:
        raise UserError(
            f"{path} is not a dataset of this version: manifest.json has the format {found}, and this version of Dynax "
            f"reads only {FORMAT}; collect the data again"
        )
    content = {key: value for key, value in manifest.items() if key != "sha256"}
    if manifest.get("sha256") != sha256(canonical(content)):
        raise UserError(f"the dataset {path} is damaged: manifest.json does not match its checksum; {ADVICE}")
    if mismatch := schema_difference(manifest, Manifest):
        raise UserError(f"the dataset {path} is damaged: manifest.json: {mismatch}; {ADVICE}")
    if contradiction := _contradiction_text(manifest):
        raise UserError(f"the dataset {path} is damaged: manifest.json: {contradiction}; {ADVICE}")
    _check_hashes(path, manifest)
    return manifest


def _contradiction_text(manifest: Mapping[str, Any]) -> str | None:
    """Return a sentence about entries of a manifest that contradict each other, or None."""
    try:
        json.dumps(manifest, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return "a text contains characters that no file can contain"
    if manifest["mjcf_sha256"] != sha256(manifest["mjcf"]):
        return "mjcf_sha256 is not the SHA-256 of mjcf"
    count, files = manifest["num_rollouts"], len(manifest["files"])
    if -(-count // manifest["chunk"]) > files:
        return f"{count} trajectories in chunks of {manifest['chunk']} need more than the {files} listed files"
    if (log := manifest.get("log")) is None:
        return None
    if len(log["rows"]) != count or log["test_rows"] >= count:
        return f"log.rows has {len(log['rows'])} entries and log.test_rows={log['test_rows']} for {count} trajectories"
    samples, segments = count * manifest["rollout_length"], len(log["segments"])
    wrong = (i for i, row in enumerate(log["rows"]) if len(row) != 2 or row[0] >= segments or row[1] > samples)
    if (row := next(wrong, None)) is not None:
        return f"log.rows.{row} is no row of the {segments} segments"
    for i, ((segment, first), (next_segment, second)) in enumerate(pairwise(log["rows"]), 1):
        if segment > next_segment:
            return f"log.rows.{i} is in segment {next_segment}, but log.rows.{i - 1} is in segment {segment}"
        if segment == next_segment and not first < second <= first + manifest["rollout_length"]:
            return f"log.rows.{i} begins at sample {second}, and does not continue log.rows.{i - 1} at {first}"
    noise, dims = log["noise_std"], manifest["nq"] + manifest["nv"]
    if len(noise) != dims or not all(0 <= std < float("inf") for std in noise.values()):
        return f"log.noise_std has not one finite standard deviation for each of the {dims} coordinates"
    return None


def _check_hashes(path: Path, manifest: Mapping[str, Any]) -> None:
    """Raise `UserError` unless the checksums of a manifest are those of its own content and of its directory's name."""
    description = {k: v for k, v in manifest.items() if k not in _CHECKSUMS}
    wrong = manifest["description_sha256"] != sha256(canonical(description))
    if wrong or manifest["data_sha256"] != data_sha256(manifest["files"]):
        raise UserError(f"the dataset {path} is damaged: manifest.json contradicts its checksums; {ADVICE}")
    named, digest = re.search("-([0-9a-f]{12})$", path.name), manifest["description_sha256"]
    if named and named[1] != digest[:12]:
        raise UserError(
            f"{path} contains another dataset: its manifest.json belongs to {manifest['robot']}-{digest[:12]}; "
            "rename the directory, or delete it and collect the data again"
        )


def check_description(path: Path, manifest: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Raise `UserError` unless a dataset has the wanted description.

    Args:
        path: directory of the dataset.
        manifest: its manifest.
        wanted: the output of `with_description_hash`.
    """
    if manifest["description_sha256"] == wanted["description_sha256"]:
        return
    described_as = json.loads(canonical(wanted))  # as it is read: lists instead of tuples
    changed = (key for key in described_as if key not in _CHECKSUMS and manifest.get(key) != described_as[key])
    key = next(changed, "description_sha256")
    raise UserError(f"{path} is not the wanted dataset: it has another {key}; rename or delete the directory")


def _read_json(path: Path) -> Any:
    if not path.is_dir():
        raise UserError(f"{path} is not a dataset: there is no such directory")
    if not (path / FILE).exists():
        raise UserError(f"{path} is not a dataset: it has no {FILE}")
    return read_json(path / FILE, Any, f"the dataset {path} is damaged")


def difference_text(dataset: Mapping[str, Any], robot: Mapping[str, Any]) -> str:
    """Return a description of the first difference between the robots of two manifests, to follow a colon."""
    for key in ("joints", "action_names", "dt", "decimation", "assets_sha256", "nq", "nv", "na"):
        if dataset[key] != robot[key]:
            return f"{key} {dataset[key]} and {robot[key]}"
    lines = difflib.ndiff(dataset["mjcf"].splitlines(), robot["mjcf"].splitlines())
    changed = [line for line in lines if line[0] in "-+"]
    first = [next((" ".join(line[1:].split()) for line in changed if line[0] == sign), "nothing") for sign in "-+"]
    return f"their MJCF files differ, first in `{first[0]}` and `{first[1]}`"


def sha256(text: str) -> str:
    """Return the SHA-256 of a text as hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def canonical(content: Mapping[str, Any]) -> str:
    """Return JSON that depends only on the content, which is hashed."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"))
