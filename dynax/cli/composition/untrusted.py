"""Reading a run that may be somebody else's, without JAX.

Its files only name the outputs of `eval` and `render`, and select their smoke options. Nothing in the files is
interpolated, and a large file or a pipe is not read. YAML aliases are errors, because they can expand without bound.
"""

import contextlib
import hashlib
import re
from pathlib import Path
from typing import Any

from dynax.config.yaml_text import parse_yaml
from dynax.errors import UserError
from dynax.runs.json_files import parse_json, read_json, read_text

DAMAGED = "the run is damaged"
MAX_NAME = 80  # characters of a name
_DAMAGE = (OSError, ValueError, KeyError, TypeError, RecursionError, RuntimeError)


def saved_name(run: str | Path) -> str:
    """Return `<env>-<model>` of a training run or a saved model, or `unknown` if the path is neither.

    The names come from the newest `run.json` whose SHA-256 its manifest lists.
    """
    try:
        return _saved_name(Path(str(run)).expanduser())
    except (OSError, ValueError, RuntimeError):  # a name that is too long, a null byte, or an unknown home directory
        return "unknown"


def _saved_name(run: Path) -> str:
    for folder in _sealed(run):
        try:
            config = _verified_info(folder)["config"]
            env = config["env"]
            return f"{safe_name(Path(env['xml']).stem if 'xml' in env else env['name'])}-" + safe_name(
                config["model"]["architecture"]
            )
        except _DAMAGE:
            continue
    return "unknown"


def saved_model(run: str | Path) -> dict[str, Any]:
    """Return the config group `model` of a training run or a saved model, or nothing if it cannot be read."""
    with contextlib.suppress(*_DAMAGE):
        for folder in _sealed(Path(str(run)).expanduser()):
            with contextlib.suppress(*_DAMAGE):
                return dict(_verified_info(folder)["config"]["model"])
    return {}


def _sealed(run: Path) -> list[Path]:
    """Return the directories that may contain the `run.json` of a run, newest first."""
    newest = sorted(run.glob("checkpoints/epoch-*"), key=lambda path: (len(path.name), path.name), reverse=True)
    return [run, *newest]


def safe_name(name: Any) -> str:
    """Return a name that is one part of a path: letters, digits, `_`, `-`, `.` and `+`, without leading dots."""
    name = re.sub(r"[^\w.+-]+", "_", str(name))[:MAX_NAME].lstrip(".")
    return name or "unknown"


def hydra_choice(run: str | Path, group: str) -> str | None:
    """Return the option of a group that Hydra has recorded in a run, or None."""
    try:
        file = Path(run).expanduser() / ".hydra" / "hydra.yaml"
        return parse_yaml(read_text(file, DAMAGED))["hydra"]["runtime"]["choices"][group]
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _verified_info(folder: Path) -> Any:
    """Return the content of `run.json`, if it has the SHA-256 in `manifest.json`."""
    text = read_text(folder / "run.json", DAMAGED)
    digest = hashlib.sha256(text.encode()).hexdigest()
    if read_json(folder / "manifest.json", dict[str, str], DAMAGED)["run.json"] != digest:
        raise UserError(f"{DAMAGED}: the SHA-256 of {folder / 'run.json'} differs from manifest.json")
    return parse_json(text, dict[str, Any], f"{DAMAGED}: run.json")
