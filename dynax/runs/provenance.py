"""Versions, commit and machine that produced a result."""

import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("dynax", "jax", "flax", "optax", "mujoco", "orbax-checkpoint")


def provenance() -> dict[str, Any]:
    """Return the versions of Dynax and of the packages that determine its results, the commit and the machine."""
    return {
        "versions": {name: package_version(name) for name in PACKAGES},
        "commit": commit(),
        "machine": f"{platform.machine()} {platform.system()}, Python {platform.python_version()}",
    }


def package_version(name: str) -> str | None:
    """Return the version of an installed package, or None if the package is not installed, as in a checkout."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


@cache
def commit() -> str | None:
    """Return the commit of the checkout that Dynax runs from, or None for an installed package.

    A `+` is appended if files differ from the commit. The result is cached, because a commit made while a process runs
    does not change the code of the process.
    """
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    git = ["git", "--no-optional-locks", "-C", str(root)]  # takes no lock that would block the user's own git
    try:
        head = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
        changes = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return head + ("+" if changes else "")
