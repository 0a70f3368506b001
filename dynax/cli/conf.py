"""Where the YAML is."""

from pathlib import Path

_PACKAGE = Path(__file__).absolute().parents[1]


def directory() -> Path:
    """`conf/`: in a wheel inside the package, in a checkout beside it."""
    inside = _PACKAGE / "conf"
    return inside if inside.is_dir() else _PACKAGE.parent / "conf"


def groups_of_others(command: str) -> set[str]:
    """The groups that the config of a command does not choose from."""
    import yaml

    defaults = yaml.safe_load((directory() / f"{command}.yaml").read_text())["defaults"]
    own = {group for entry in defaults if isinstance(entry, dict) for group in entry}
    return {folder.name for folder in directory().iterdir() if folder.is_dir()} - own - {"hydra"}
