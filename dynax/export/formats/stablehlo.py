"""StableHLO, serialized by `jax.export`, with a symbolic batch size. The programs run on CPUs and on NVIDIA GPUs."""

import flatbuffers  # noqa: F401  # `jax.export` needs it and reports its absence only after the trace
import jax
from jax import export as jax_export

from dynax.config.schema import ExportConfig
from dynax.export.programs import not_representable, programs
from dynax.trained import TrainedModel

SYMBOLIC_BATCH = True
PLATFORMS = ("cpu", "cuda")


def files(trained: TrainedModel, config: ExportConfig) -> dict[str, bytes]:
    """Return `step.stablehlo` and `rollout.stablehlo`, which `jax.export.deserialize` reads.

    Raises:
        UserError: if the model contains an operation without a stable StableHLO form.
    """
    (batch,) = jax_export.symbolic_shape("batch")
    content = {}
    for program in programs(trained, config, batch):
        try:
            exported = jax_export.export(jax.jit(program.call), platforms=PLATFORMS)(*program.inputs)
        except (NotImplementedError, ValueError) as error:
            reason = str(error).partition("\n")[0]
            raise not_representable("stablehlo", trained, reason) from error
        content[f"{program.name}.stablehlo"] = bytes(exported.serialize())
    return content
