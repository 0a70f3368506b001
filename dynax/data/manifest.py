"""What a dataset is: everything that made it, with a checksum that is also its name."""

import difflib
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dynax.envs import Env
from dynax.errors import UserError

FORMAT = "dynax-dataset/1"
ADVICE = "delete the dataset and collect it again"


def robot_of(env: Env) -> dict[str, Any]:
    """What a manifest says of a robot."""
    model = env.mj_model
    return {
        "robot": env.name,
        "mjcf": env.mjcf,
        "mjcf_sha256": sha256(env.mjcf),
        "assets_sha256": {name: hashlib.sha256(content).hexdigest() for name, content in env.assets.items()},
        "joints": list(env.space.joints),
        "actions": list(env.action_names),
        "nq": model.nq,
        "nv": model.nv,
        "na": model.na,
        "dt": env.dt,
        "decimation": env.decimation,
    }


def sealed(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """The manifest with its format and its own SHA-256, which names everything that made the data."""
    content = {"format": FORMAT, **manifest}
    return content | {"sha256": sha256(_canonical(content))}


def read_manifest(path: Path) -> dict[str, Any]:
    """The manifest of the dataset in `path`. Raises `UserError` where there is none, or a damaged one."""
    try:
        manifest = json.loads((path / "manifest.json").read_text())
    except (FileNotFoundError, NotADirectoryError):
        what = "has no manifest.json" if path.is_dir() else "no such directory"
        raise UserError(f"{path} is no dataset: {what}") from None
    except OSError as error:
        raise UserError(f"the dataset {path} cannot be read: {error.strerror}") from None
    except ValueError:
        raise UserError(f"the dataset {path} is damaged: manifest.json is no JSON; {ADVICE}") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        found = manifest.get("format") if isinstance(manifest, dict) else None
        raise UserError(f"{path} is no dataset of this version: manifest.json has format {found}, not {FORMAT}")
    content = {key: value for key, value in manifest.items() if key != "sha256"}
    if manifest.get("sha256") != sha256(_canonical(content)):
        raise UserError(f"the dataset {path} is damaged: manifest.json does not match its checksum; {ADVICE}")
    return manifest


def difference(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str:
    """The first thing in which two robots differ, as a person would name it."""
    for key in ("joints", "actions", "dt", "assets_sha256"):
        if ours[key] != theirs[key]:
            return f"{key} {ours[key]} and {theirs[key]}"
    lines = difflib.ndiff(ours["mjcf"].splitlines(), theirs["mjcf"].splitlines())
    changed = [line for line in lines if line[0] in "-+"]
    first = [next((" ".join(line[1:].split()) for line in changed if line[0] == sign), "nothing") for sign in "-+"]
    return f"their MJCF differ, first in `{first[0]}` and `{first[1]}`"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _canonical(content: Mapping[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"))
