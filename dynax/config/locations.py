"""The location of the YAML files."""

from pathlib import Path

_PACKAGE = Path(__file__).absolute().parents[1]


def conf_directory() -> Path:
    """Return the directory `conf/`: inside the package in a wheel, beside the package in a checkout."""
    inside = _PACKAGE / "conf"
    return inside if inside.is_dir() else _PACKAGE.parent / "conf"
