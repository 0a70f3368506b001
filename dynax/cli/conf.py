"""Where the YAML is."""

from pathlib import Path

_PACKAGE = Path(__file__).absolute().parents[1]


def directory() -> Path:
    """`conf/`: in a wheel inside the package, in a checkout beside it."""
    inside = _PACKAGE / "conf"
    return inside if inside.is_dir() else _PACKAGE.parent / "conf"
