"""The runtimes of the formats: each function returns the functions `step` and `rollout` of an export."""

import ctypes
import json
import runpy
import subprocess
import tempfile
from pathlib import Path

import jax
import numpy as np


def stablehlo(files):
    return {name: jax.export.deserialize(bytearray(files[f"{name}.stablehlo"])).call for name in ("step", "rollout")}


def iree(files):
    from iree import runtime

    def load(content):
        context = runtime.SystemContext(config=runtime.Config("local-sync"))
        context.add_vm_module(runtime.VmModule.copy_buffer(context.instance, content))
        [name] = [name for name in context.modules.keys() if name != "hal"]  # noqa: SIM118
        return lambda *inputs: context.modules[name]["main"](*inputs).to_host()

    return {name: load(files[f"{name}.vmfb"]) for name in ("step", "rollout")}


def contract(files):
    return json.loads(files["contract.json"])


def call(function, *inputs):
    """Return the result of an exported function as an array."""
    return np.asarray(function(*inputs))


def inputs(trained, tests):
    """Return states and actions of a rollout, float32. Without a history, states have the shape (B, S)."""
    states, actions = tests.inputs(trained.history_length)
    return np.float32(states[:, 0] if trained.history_length == 1 else states), np.float32(actions)


def numpy(files):
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            (Path(folder) / name).write_bytes(content)
        return runpy.run_path(str(Path(folder) / "model.py"))


def c(files):
    """Compile the C code as a shared library, and return functions of arrays with one row per robot."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("model.c", "model.h"):
            (Path(folder) / name).write_bytes(files[name])
        library = Path(folder) / "model.so"
        flags = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-pedantic", "-shared", "-fPIC"]
        subprocess.run(["gcc", *flags, str(library.with_suffix(".c")), "-o", str(library), "-lm"], check=True)
        model = ctypes.CDLL(str(library))
    described = contract(files)
    h, size = described["history"], len(described["state"]["names"])

    def run(states, actions, steps):
        path = np.zeros((len(states), steps + 1, size), np.float32)
        for row, given, taken in zip(path, np.ascontiguousarray(states), np.ascontiguousarray(actions), strict=True):
            pointers = [x.ctypes.data_as(ctypes.c_void_p) for x in (given, taken, row)]
            model.model_rollout(*pointers[:2], steps, pointers[2])
        return path

    return {
        "step": lambda states, actions: run(states, actions, 1)[:, 1],
        "rollout": lambda states, actions: run(states, actions, actions.shape[1] - h + 1),
    }


def onnx(files):
    from onnxruntime import InferenceSession

    def load(content):
        session = InferenceSession(content, providers=["CPUExecutionProvider"])
        return lambda states, actions: session.run(None, {"states": states, "actions": actions})[0]

    return {name: load(files[f"{name}.onnx"]) for name in ("step", "rollout")}
