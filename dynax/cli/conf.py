"""Where the YAML is."""

from dynax.config.locations import conf_directory as directory


def groups() -> set[str]:
    """The groups of all commands and of Hydra."""
    return {folder.name for folder in directory().iterdir() if folder.is_dir()}


def keys(command: str) -> list[str]:
    """The keys and groups at the top of the config of a command."""
    import yaml

    primary = yaml.safe_load((directory() / f"{command}.yaml").read_text())
    chosen = [group for entry in primary["defaults"] if isinstance(entry, dict) for group in entry if " " not in group]
    return [key for key in primary if key not in ("defaults", "hydra")] + chosen
