"""The manifest of a dataset: everything that determines the data, with a checksum that also names the dataset."""

import difflib
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dynax.envs import Env
from dynax.errors import UserError

FORMAT = "dynax-dataset/2"
ADVICE = "delete the dataset and collect it again"


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


def sealed(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest with its format and with the SHA-256 of its content."""
    content = {"format": FORMAT, **manifest}
    return content | {"sha256": sha256(_canonical(content))}


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
    if manifest.get("sha256") != sha256(_canonical(content)):
        raise UserError(f"the dataset {path} is damaged: manifest.json does not match its checksum; {ADVICE}")
    return manifest


def _read_json(path: Path) -> Any:
    try:
        return json.loads((path / "manifest.json").read_text())
    except (FileNotFoundError, NotADirectoryError):
        reason = "it has no manifest.json" if path.is_dir() else "there is no such directory"
        raise UserError(f"{path} is not a dataset: {reason}") from None
    except OSError as error:
        raise UserError(f"the dataset {path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise UserError(f"the dataset {path} is damaged: manifest.json is not valid JSON; {ADVICE}") from None


def difference(dataset: Mapping[str, Any], robot: Mapping[str, Any]) -> str:
    """Return a description of the first difference between the robots of two manifests."""
    for key in ("joints", "action_names", "dt", "assets_sha256"):
        if dataset[key] != robot[key]:
            return f"{key} {dataset[key]} and {robot[key]}"
    lines = difflib.ndiff(dataset["mjcf"].splitlines(), robot["mjcf"].splitlines())
    changed = [line for line in lines if line[0] in "-+"]
    first = [next((" ".join(line[1:].split()) for line in changed if line[0] == sign), "nothing") for sign in "-+"]
    return f"their MJCF files differ, first in `{first[0]}` and `{first[1]}`"


def sha256(text: str) -> str:
    """Return the SHA-256 of a text as hexadecimal digits."""
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(content: Mapping[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"))
