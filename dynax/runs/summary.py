"""Where a command puts what it makes."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hydra.core.hydra_config import HydraConfig

from dynax.runs.files import write_json
from dynax.runs.provenance import provenance

DATASETS = Path("outputs", "datasets")  # under the caller's working directory


def run_directory() -> Path:
    """The directory Hydra has made for the job that runs."""
    return Path(HydraConfig.get().runtime.output_dir)


def write_summary(run: Path, command: str, content: Mapping[str, Any]) -> None:
    """Write `summary.json`, whose presence says that the run is finished. Keys carry their units."""
    write_json(run / "summary.json", {"command": command, "run": str(run), **content, **provenance()})
