"""What a figure was made with, so that it can be made again."""

import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("dynax", "jax", "flax", "optax", "mujoco", "orbax-checkpoint")


def provenance() -> dict[str, Any]:
    """Versions of Dynax and of what its results depend on, the commit of a checkout, and the kind of machine."""
    return {
        "versions": {name: _version(name) for name in PACKAGES},
        "commit": commit(),
        "machine": f"{platform.machine()} {platform.system()}, Python {platform.python_version()}",
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None  # a checkout on the path, not installed


@cache
def commit() -> str | None:
    """The commit of the checkout Dynax runs from, with `+` where files differ from it; None for an installed package.

    It is asked for once, when a job begins: what is committed while a process runs is not what it runs.
    """
    here = Path(__file__).resolve().parents[2]
    if not (here / ".git").exists():
        return None
    git = ["git", "--no-optional-locks", "-C", str(here)]  # no lock in the way of the user's own git
    try:
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        changed = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return head + ("+" if changed else "")
