"""ONNX models with a fixed batch size. A rollout is one `Scan`."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from dynax.config.schema import ExportConfig
from dynax.export.formats.onnx_functions import FUNCTIONS
from dynax.export.graphs import Graph, Node, Run
from dynax.export.graphs.functions import advance_graph, step_graph
from dynax.export.programs import Program, programs
from dynax.trained import TrainedModel

SYMBOLIC_BATCH = False
OPSET, IR_VERSION = 18, 9  # ONNX Runtime has them since version 1.14
REDUCTIONS = {
    "reduce_and": "ReduceMin", "reduce_max": "ReduceMax", "reduce_min": "ReduceMin", "reduce_or": "ReduceMax",
    "reduce_sum": "ReduceSum",
}  # fmt: skip


def files(trained: TrainedModel, config: ExportConfig) -> dict[str, bytes]:
    """Return `step.onnx` and `rollout.onnx`, with the inputs `states` and `actions` and the output `result`.

    Raises:
        UserError: if the model contains an operation that graphs do not have.
    """
    step, rollout = programs(trained, config, config.batch)
    whole = Builder()
    results = whole.graph(step_graph("onnx", trained, config), {"states": step.states, "actions": step.actions})
    whole.rename(results, ["result"])
    loop = Builder()
    _rollout(loop, advance_graph("onnx", trained, config), trained, rollout)
    return {"step.onnx": _model(whole, step), "rollout.onnx": _model(loop, rollout)}


def _model(builder: "Builder", program: Program) -> bytes:
    inputs = [_info(name, shape) for name, shape in (("states", program.states), ("actions", program.actions))]
    graph = helper.make_graph(
        builder.nodes, program.name, inputs, [_info("result", program.result)], builder.initializers
    )
    opset = helper.make_opsetid("", OPSET)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=IR_VERSION, producer_name="dynax")
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def _info(name: str, shape: Sequence[int]) -> Any:
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)


def _rollout(builder: "Builder", advance: Graph, trained: TrainedModel, program: Program) -> None:
    """Add a `Scan` over the actions, whose state is the history and the earlier actions."""
    h, batch, size, count = trained.history_length, program.result[0], program.result[2], program.actions[2]
    carried = {"history": program.states} | ({"past": (batch, h - 1, count)} if h > 1 else {})
    shapes = {**carried, "action": (batch, count)}
    names = [f"next_{name}" for name in (*carried, "state")]
    inner = Builder("next_")
    inner.rename(inner.graph(advance, shapes), names)
    body = helper.make_graph(
        inner.nodes,
        "advance",
        [_info(name, shape) for name, shape in shapes.items()],
        [_info(name, shape) for name, shape in zip(names, (*carried.values(), (batch, size)), strict=True)],
        inner.initializers,
    )
    first, past, future = "states", [], "actions"
    if h > 1:
        first = builder.slice("states", h - 1, h, axis=1)
        past = [builder.slice("actions", 0, h - 1, axis=1)]
        future = builder.slice("actions", h - 1, program.actions[1], axis=1)
    else:
        first = builder.add("Unsqueeze", "states", builder.constant([1]))
    outputs = ["final_history", *(["final_past"] if h > 1 else []), "path"]
    options = {"num_scan_inputs": 1, "scan_input_axes": [1], "scan_output_axes": [1]}
    builder.nodes.append(helper.make_node("Scan", ["states", *past, future], outputs, body=body, **options))
    builder.rename([builder.add("Concat", first, "path", axis=1)], ["result"])


class Builder:
    """The nodes and the constants of an ONNX graph.

    Args:
        prefix: beginning of all names, which differs between a graph and the body of its loop.
    """

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self._tensors: dict[int, str] = {}  # by the first address of a source
        self._runs: dict[tuple[int, ...], str] = {}

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with one output, and return the name of the output."""
        name = f"{self._prefix}x{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def constant(self, value: Any, dtype: Any = np.int64) -> str:
        """Add a constant and return its name."""
        name = f"{self._prefix}c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.array(value, dtype), name))
        return name

    def reshape(self, name: str, *shape: int) -> str:
        """Return a tensor with another shape; -1 is the number of remaining entries."""
        return self.add("Reshape", name, self.constant(shape))

    def slice(self, name: str, start: int, stop: int, step: int = 1, axis: int = 0) -> str:
        """Return entries `start` to `stop` (exclusive) along an axis."""
        return self.add("Slice", name, *(self.constant([x]) for x in (start, stop, axis, step)))

    def rename(self, names: Sequence[str], results: Sequence[str]) -> None:
        """Give tensors the names of results."""
        self.nodes += [helper.make_node("Identity", [name], [new]) for name, new in zip(names, results, strict=True)]

    def graph(self, graph: Graph, shapes: dict[str, tuple[int, ...]]) -> list[str]:
        """Add a graph and return the names of its results. All tensors in between have one axis."""
        assert [source.name for source in graph.inputs] == list(shapes)
        for source in graph.inputs:
            self._tensors[source.start] = self.reshape(source.name, -1)
        for node in graph.nodes:
            self._tensors[node.result.start] = self._node(node)
        return [self.reshape(self._read(run), *shape) for run, shape in zip(graph.outputs, graph.shapes, strict=True)]

    def _node(self, node: Node) -> str:
        if node.name == "dot":
            (left, right), (rows, inner, columns) = node.operands, node.shape
            matrices = self.reshape(self._read(left), rows, inner), self.reshape(self._read(right), inner, columns)
            return self.reshape(self.add("MatMul", *matrices), -1)
        operands = [self._read(run) for run in node.operands]
        if node.name == "move":
            return self._move(node, operands)
        if node.name in REDUCTIONS:
            return self._reduce(node, operands[0])
        return FUNCTIONS[node.name](self, node, *operands)

    def _move(self, node: Node, operands: list[str]) -> str:
        for i, run in enumerate(node.operands):
            if run.is_scalar and run.size > 1:
                operands[i] = self.add("Expand", operands[i], self.constant([run.size]))
        joined = operands[0] if len(operands) == 1 else self.add("Concat", *operands, axis=0)
        return joined if node.index is None else self.add("Gather", joined, self.constant(node.index))

    def _reduce(self, node: Node, name: str) -> str:
        logical = node.result.dtype == bool
        rows = self.reshape(self.add("Cast", name, to=onnx.TensorProto.INT32) if logical else name, *node.shape)
        reduced = self.add(REDUCTIONS[node.name], rows, self.constant([1]), keepdims=0)
        return self.add("Cast", reduced, to=onnx.TensorProto.BOOL) if logical else reduced

    def _read(self, run: Run) -> str:
        """Return the name of a run. A run that repeats one entry has size one."""
        source, stop = run.source, run.start + run.step * max(run.size - 1, 0) + 1
        key = (source.start, run.start, run.step, 1 if run.is_scalar else run.size)
        if key not in self._runs:
            if source.value is not None:
                value = source.value[run.start : stop : max(run.step, 1)]
                self._runs[key] = self.constant(value, source.dtype)
            elif run.is_whole or source.size == 1:
                return self._tensors[source.start]
            else:
                self._runs[key] = self.slice(self._tensors[source.start], run.start, stop, max(run.step, 1))
        return self._runs[key]
