"""The folder of YAML files, with the groups and keys in it."""

from dynax.config.locations import conf_directory as directory


def groups() -> set[str]:
    """Return the names of all groups, including those of Hydra."""
    return {folder.name for folder in directory().iterdir() if folder.is_dir()}


def keys(command: str) -> list[str]:
    """Return the keys and groups at the top level of a command's config."""
    import yaml

    primary = yaml.safe_load((directory() / f"{command}.yaml").read_text())
    chosen = [group for entry in primary["defaults"] if isinstance(entry, dict) for group in entry if " " not in group]
    return [key for key in primary if key not in ("defaults", "hydra")] + chosen
