"""The table of formats, and the files of an export."""

import importlib
import json
from collections.abc import Mapping

from dynax.config.schema import ExportConfig
from dynax.errors import UserError, check_choice
from dynax.export.contract import contract
from dynax.math.precision import in_single_precision
from dynax.trained import TrainedModel

# name: module with a function `files(trained, config)` that returns the content of each file by name
FORMATS: Mapping[str, str] = {
    "stablehlo": "dynax.export.formats.stablehlo",
    "iree": "dynax.export.formats.iree",
    "onnx": "dynax.export.formats.onnx_model",
    "c": "dynax.export.formats.c_source",
    "numpy": "dynax.export.formats.numpy_module",
}


@in_single_precision
def export(trained: TrainedModel, format: str, config: ExportConfig | None = None) -> dict[str, bytes]:
    """Return the files of an export: their content by name. Nothing is written.

    Args:
        trained: the model with its parameters.
        format: a name in `FORMATS`.
        config: number of steps of the rollout, and batch size; by default those of the command line.

    Raises:
        UserError: if the format is unknown, cannot represent the model, or needs a package that is not installed.
    """
    check_choice("format", format, FORMATS)
    config = ExportConfig() if config is None else config
    try:
        module = importlib.import_module(FORMATS[format])
        files = module.files(trained, config)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("dynax"):
            raise
        package = error.name.partition(".")[0]
        raise UserError(f"format={format} needs the package {package}: pip install 'dynax[export]'") from None
    described = {"format": format, **contract(trained, config, symbolic=module.SYMBOLIC_BATCH), "files": sorted(files)}
    return {**files, "contract.json": f"{json.dumps(described, indent=1)}\n".encode()}
