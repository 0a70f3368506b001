"""A Python module that needs only NumPy, and a file with its arrays."""

import io
from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np

from dynax.config.schema import ExportConfig
from dynax.export.graphs import Graph, Node, Run, Source
from dynax.export.graphs.functions import step_graph
from dynax.export.graphs.memory import CONSTANTS
from dynax.export.programs import programs
from dynax.trained import TrainedModel

SYMBOLIC_BATCH = False
MAX_LENGTH = 100  # characters of an expression within another one
MAX_LITERALS = 4  # entries of a constant that the module contains as numbers

EXPRESSIONS = {
    "abs": "np.abs({0})", "add": "{0} + {1}", "and": "{0} & {1}", "atan2": "np.arctan2({0}, {1})", "cos": "np.cos({0})",
    "div": "{0} / {1}", "eq": "{0} == {1}", "exp": "np.exp({0})", "ge": "{0} >= {1}", "gt": "{0} > {1}",
    "integer_pow": "{0} ** {y}", "le": "{0} <= {1}", "log": "np.log({0})", "logistic": "0.5 + 0.5 * np.tanh(0.5 * {0})",
    "lt": "{0} < {1}", "max": "np.maximum({0}, {1})", "min": "np.minimum({0}, {1})", "mul": "{0} * {1}",
    "ne": "{0} != {1}", "neg": "-{0}", "not": "~{0}", "or": "{0} | {1}", "pow": "{0} ** {1}",
    "rsqrt": "1 / np.sqrt({0})", "select_n": "np.where({0}, {2}, {1})", "sign": "np.sign({0})", "sin": "np.sin({0})",
    "sqrt": "np.sqrt({0})", "square": "np.square({0})", "sub": "{0} - {1}", "tanh": "np.tanh({0})",
    "convert_element_type": "np.{dtype}({0})",
}  # fmt: skip
REDUCTIONS = {"reduce_and": "all", "reduce_max": "max", "reduce_min": "min", "reduce_or": "any", "reduce_sum": "sum"}

HEADER = '''"""{title}

`contract.json` describes states and actions. All arrays are float32.
"""

from pathlib import Path

import numpy as np

w = dict(np.load(Path(__file__).with_name("arrays.npz")))


def step(states, actions):
    """Return the next states {result} after states {states} and actions {actions}."""
    states, actions = np.float32(states).ravel(), np.float32(actions).ravel()
'''
ROLLOUT = '''

def rollout(states, actions):
    """Return the given and the predicted states, {result}, for actions {actions}."""
    path = [states]
    for t in range(np.shape(actions)[1]):
        path.append(step(path[-1], np.asarray(actions)[:, t]))
    return np.float32(path).swapaxes(0, 1)
'''
HISTORY_ROLLOUT = '''

def rollout(states, actions):
    """Return the last given state and the predicted states, {result}, for actions {actions}."""
    h, path = np.shape(states)[1], list(np.swapaxes(states, 0, 1))
    for t in range(np.shape(actions)[1] - h + 1):
        path.append(step(np.swapaxes(path[-h:], 0, 1), actions[:, t : t + h]))
    return np.float32(path[h - 1 :]).swapaxes(0, 1)
'''


def files(trained: TrainedModel, config: ExportConfig) -> dict[str, bytes]:
    """Return `model.py` with the functions `step` and `rollout`, and `arrays.npz`.

    Raises:
        UserError: if the model contains an operation that NumPy does not have.
    """
    graph = step_graph("numpy", trained, config)
    step, rollout = programs(trained, config, config.batch)
    title = (
        f"The model {trained.model.architecture} of {trained.env.name}, with a control step of {trained.env.dt:g} s."
    )
    module = _Module(graph)
    lines = [f"    {line}" for line in module.lines()]
    template = ROLLOUT if trained.history_length == 1 else HISTORY_ROLLOUT
    code = HEADER.format(title=title, states=step.states, actions=step.actions, result=step.result)
    code += "\n".join(lines) + "\n" + template.format(actions=rollout.actions, result=rollout.result)
    buffer = io.BytesIO()
    np.savez(buffer, **module.arrays)
    return {"model.py": code.encode(), "arrays.npz": buffer.getvalue()}


class _Module:
    """The statements of a graph, with one variable for each result that is used more than once."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self.arrays: dict[str, Any] = {}
        uses = [run.source.start for node in graph.nodes for run in node.operands]
        self._uses = Counter([*uses, *(run.source.start for run in graph.outputs)])
        self._expressions = {source.start: source.name for source in graph.inputs}

    def lines(self) -> Iterator[str]:
        """Yield the statements."""
        for node in self.graph.nodes:
            expression, key = self._expression(node), node.result.start
            if self._uses[key] == 1 and len(expression) < MAX_LENGTH:
                self._expressions[key] = f"({expression})" if " " in expression or expression[0] in "-~" else expression
            else:
                name = self._expressions[key] = f"x{len(self._expressions)}"
                yield f"{name} = {expression}"
        [output], [shape] = self.graph.outputs, self.graph.shapes
        yield f"return {self._read(output)}.reshape{shape}"

    def _expression(self, node: Node) -> str:
        """Return the expression of an operation. Every operand and every result has one axis."""
        if node.name == "move":
            return self._move(node)
        if node.name == "dot":
            return self._dot(node)
        operands = [self._read(run) for run in node.operands]
        if node.name in REDUCTIONS:
            return f"{operands[0]}.reshape{node.shape}.{REDUCTIONS[node.name]}(axis=1)"
        return EXPRESSIONS[node.name].format(*operands, y=node.options.get("y"), dtype=node.result.dtype.name)

    def _move(self, node: Node) -> str:
        parts = [
            f"np.repeat({self._read(run)}, {run.size})" if run.is_scalar else self._read(run) for run in node.operands
        ]
        joined = parts[0] if len(parts) == 1 else f"np.concatenate([{', '.join(parts)}])"
        return joined if node.index is None else f"{joined}[{self._array(node.index, f'index{node.result.start}')}]"

    def _dot(self, node: Node) -> str:
        (left, right), (rows, inner, columns) = node.operands, node.shape
        if right.source.name and right.source.value is not None:
            matrix = self._array(right.source.value.reshape(inner, columns), right.source.name)
        else:
            matrix = f"{self._read(right)}.reshape({inner}, {columns})"
        if rows == 1:
            return f"{self._read(left)} @ {matrix}"
        return f"({self._read(left)}.reshape({rows}, {inner}) @ {matrix}).ravel()"

    def _read(self, run: Run) -> str:
        """Return the expression of a run. A run that repeats one entry is an array of size one."""
        source = run.source
        if source.value is not None and run.is_scalar:
            return _number(source.value[run.start])
        whole = self._expressions[source.start] if source.value is None else self._constant(source)
        if run.is_whole or source.size == 1:
            return whole
        if run.is_scalar:
            return f"{whole}[{run.start}:{run.start + 1}]"
        step = f":{run.step}" if run.step > 1 else ""
        return f"{whole}[{run.start}:{run.start + run.step * (run.size - 1) + 1}{step}]"

    def _constant(self, source: Source) -> str:
        assert source.value is not None
        if source.size <= MAX_LITERALS and not source.name:
            return f"np.{source.dtype.name}([{', '.join(map(_number, source.value))}])"
        return self._array(source.value, source.name or f"constant{source.start - CONSTANTS}")

    def _array(self, value: np.ndarray, name: str) -> str:
        """Add an array to the file and return its expression."""
        name += "" if value.shape == self.arrays.get(name, value).shape else ".flat"
        self.arrays[name] = value
        return f'w["{name}"]'


def _number(value: np.generic) -> str:
    """Return the shortest number that is rounded to `value`."""
    if value.dtype.kind != "f":
        return str(value.item())
    return str(float(str(value))) if np.isfinite(value) else f"float('{value}')"
