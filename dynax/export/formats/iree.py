"""Modules of IREE for CPUs, with a fixed batch size. IREE's runtimes in Python and C run them."""

import platform

import iree.compiler
import jax
from jax import export as jax_export

from dynax.config.schema import ExportConfig
from dynax.export.programs import not_representable, programs
from dynax.trained import TrainedModel

SYMBOLIC_BATCH = False
# x86-64-v3 has AVX2 and fused multiply-add, as x86_64 CPUs since 2013 do. On them, `generic` is several times slower.
CPU = "x86-64-v3" if platform.machine() == "x86_64" else "generic"


def files(trained: TrainedModel, config: ExportConfig) -> dict[str, bytes]:
    """Return `step.vmfb` and `rollout.vmfb`, whose function is `main`.

    Raises:
        UserError: if IREE cannot compile the model.
    """
    content = {}
    for program in programs(trained, config, config.batch):
        exported = jax_export.export(jax.jit(program.call), platforms=["cpu"])(*program.inputs)
        try:
            module = iree.compiler.compile_str(
                exported.mlir_module_serialized,
                input_type="stablehlo",
                target_backends=["llvm-cpu"],
                extra_args=[f"--iree-llvmcpu-target-cpu={CPU}"],
            )
        except iree.compiler.CompilerToolError as error:
            raise not_representable("iree", trained, _reason(str(error))) from error
        assert module is not None
        content[f"{program.name}.vmfb"] = module
    return content


def _reason(output: str) -> str:
    """Return the first error in the output of the compiler."""
    errors = [line.partition("error: ")[2] for line in output.splitlines() if "error: " in line]
    return errors[0][:200] if errors else "the compiler of IREE fails"
