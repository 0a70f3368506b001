"""The directories that commands write to."""

import shutil
from pathlib import Path

from hydra.core.hydra_config import HydraConfig

DATASETS = Path("outputs", "datasets")  # relative to the working directory


def run_directory() -> Path:
    """Return the directory that Hydra has created for the current job."""
    return Path(HydraConfig.get().runtime.output_dir)


def remove_if_only(folder: Path, *names: str) -> None:
    """Remove `folder` if it contains nothing but `names`, and then its parents that have become empty.

    Only parents within the working directory are removed. The function is called while another error is handled, so it
    never raises OSError.
    """
    try:
        if not {entry.name for entry in folder.iterdir()} <= set(names) or Path.cwd().is_relative_to(folder):
            return
        shutil.rmtree(folder)
        for parent in folder.parents:
            if parent == Path.cwd() or not parent.is_relative_to(Path.cwd()):
                return
            parent.rmdir()
    except OSError:
        pass
