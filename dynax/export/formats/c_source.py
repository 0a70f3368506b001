"""Plain C without dependencies: `model.c` and `model.h`, for one robot at a time."""

import textwrap
from collections.abc import Iterator

import numpy as np

from dynax.config.schema import ExportConfig
from dynax.errors import UserError
from dynax.export.graphs import Graph, Node, Run, Source
from dynax.export.graphs.functions import step_graph
from dynax.trained import TrainedModel

SYMBOLIC_BATCH = False

EXPRESSIONS = {
    "abs": "fabsf({0})", "add": "{0} + {1}", "and": "({0} != 0) & ({1} != 0)", "atan2": "atan2f({0}, {1})",
    "convert_element_type": "{0}", "cos": "cosf({0})", "div": "{0} / {1}", "eq": "{0} == {1}",
    "exp": "expf({0})", "ge": "{0} >= {1}", "gt": "{0} > {1}", "integer_pow": "powf({0}, {y})", "le": "{0} <= {1}",
    "log": "logf({0})", "logistic": "1 / (1 + expf(-{0}))", "lt": "{0} < {1}", "max": "fmaxf({0}, {1})",
    "min": "fminf({0}, {1})", "mul": "{0} * {1}", "ne": "{0} != {1}", "neg": "-{0}", "not": "{0} == 0",
    "or": "({0} != 0) | ({1} != 0)", "pow": "powf({0}, {1})", "rsqrt": "1 / sqrtf({0})",
    "select_n": "{0} != 0 ? {2} : {1}", "sign": "(float)(({0} > 0) - ({0} < 0))", "sin": "sinf({0})",
    "sqrt": "sqrtf({0})", "square": "{0} * {0}", "sub": "{0} - {1}", "tanh": "tanhf({0})",
}  # fmt: skip
# the first value, and the next value from the value `s` and an entry `x`
REDUCTIONS = {
    "reduce_and": ("1", "(s != 0) & (x != 0)"), "reduce_max": ("-INFINITY", "fmaxf(s, x)"),
    "reduce_min": ("INFINITY", "fminf(s, x)"), "reduce_or": ("0", "(s != 0) | (x != 0)"), "reduce_sum": ("0", "s + x"),
}  # fmt: skip

HEADER = """\
/* {title} */
#ifndef MODEL_H
#define MODEL_H

#define MODEL_STATES {size}    /* entries of a state */
#define MODEL_ACTIONS {count}   /* entries of an action */
#define MODEL_HISTORY {history}   /* states and actions that a step needs, oldest first */
#define MODEL_DT {dt!r}  /* control step, s */

/* Write the next state.
   states: MODEL_HISTORY states; actions: the actions in these states; next: one state. */
void model_step(const float *states, const float *actions, float *next);

/* Write the last given state and the states after `steps` more actions.
   states: MODEL_HISTORY states; actions: MODEL_HISTORY - 1 + steps actions; path: steps + 1 states. */
void model_rollout(const float *states, const float *actions, int steps, float *path);

#endif
"""
SOURCE = """\
/* {title} */
#include "model.h"
#include <math.h>
#include <string.h>

static void dot(const float *restrict a, const float *restrict b, float *restrict out,
                int rows, int inner, int columns) {{
  for (int i = 0; i < rows; i++, out += columns) {{
    for (int j = 0; j < columns; j++) out[j] = 0;
    for (int k = 0; k < inner; k++)
      for (int j = 0; j < columns; j++) out[j] += a[i * inner + k] * b[k * columns + j];
  }}
}}

static const float w[] = {{
{weights}
}};

void model_step(const float *states, const float *actions, float *next) {{
  float m[{memory}];
{statements}
}}

void model_rollout(const float *states, const float *actions, int steps, float *path) {{
  float history[MODEL_HISTORY * MODEL_STATES];
  memcpy(history, states, sizeof history);
  memcpy(path, history + (MODEL_HISTORY - 1) * MODEL_STATES, MODEL_STATES * sizeof *path);
  for (int t = 0; t < steps; t++) {{
    path += MODEL_STATES;
    model_step(history, actions + t * MODEL_ACTIONS, path);
    memmove(history, history + MODEL_STATES, (MODEL_HISTORY - 1) * MODEL_STATES * sizeof *history);
    memcpy(history + (MODEL_HISTORY - 1) * MODEL_STATES, path, MODEL_STATES * sizeof *path);
  }}
}}
"""


def files(trained: TrainedModel, config: ExportConfig) -> dict[str, bytes]:
    """Return `model.c` and `model.h`.

    Raises:
        UserError: if the model contains an operation that is not in `EXPRESSIONS`, or for a batch of several rows.
    """
    if config.batch != 1:
        raise UserError(f"batch={config.batch} must be 1, because format=c predicts one robot at a time", "batch")
    graph, model = step_graph("c", trained, config), trained.model
    title = f"The model {model.architecture} of {trained.env.name}, written by Dynax. contract.json describes it."
    sizes = {"size": model.state_dim, "count": model.action_dim, "history": model.history, "dt": trained.env.dt}
    program = _Program(graph)
    statements = "\n".join(f"  {line}" for line in program.statements())
    source = SOURCE.format(title=title, weights=program.weights(), memory=program.memory, statements=statements)
    return {"model.h": HEADER.format(title=title, **sizes).encode(), "model.c": source.encode()}


class _Program:
    """The statements of a graph. Constants are entries of `w`, and results are entries of `m`."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self._offsets: dict[int, int] = {}  # by the first address of a source
        self.memory = self._place(node.result for node in graph.nodes)
        self._place(graph.constants)

    def _place(self, sources: Iterator[Source] | list[Source]) -> int:
        """Give sources consecutive places, and return the total size."""
        total = 0
        for source in sources:
            self._offsets[source.start] = total
            total += source.size
        return max(total, 1)

    def weights(self) -> str:
        """Return the entries of `w`."""
        values = [np.asarray(source.value, np.float32) for source in self.graph.constants] or [np.zeros(1, np.float32)]
        return textwrap.fill(", ".join(_number(value) for value in np.concatenate(values)), 120)

    def statements(self) -> Iterator[str]:
        """Yield the statements."""
        for node in self.graph.nodes:
            yield from self._statements(node)
        [output] = self.graph.outputs
        yield f"memcpy(next, {self._pointer(output)}, {output.size} * sizeof *next);"

    def _statements(self, node: Node) -> Iterator[str]:
        out = self._offsets[node.result.start]
        if node.name == "move":
            yield from self._move(node, out)
        elif node.name == "dot":
            left, right = (self._pointer(run) for run in node.operands)
            yield f"dot({left}, {right}, m + {out}, {', '.join(map(str, node.shape))});"
        elif node.name in REDUCTIONS:
            first, following = REDUCTIONS[node.name]
            rows, inner = node.shape
            entry = f"({self._pointer(node.operands[0])})[i * {inner} + k]"
            loop = f"for (int k = 0; k < {inner}; k++) {{ const float x = {entry}; s = {following}; }}"
            yield f"for (int i = 0; i < {rows}; i++) {{ float s = {first}; {loop} m[{out} + i] = s; }}"
        else:
            entries = [self._entry(run) for run in node.operands]
            value = EXPRESSIONS[node.name].format(*entries, y=node.options.get("y"))
            if node.name == "convert_element_type" and node.result.dtype.kind in "iu":
                value = f"truncf({value})"
            yield f"for (int i = 0; i < {node.result.size}; i++) m[{out} + i] = {value};"

    def _move(self, node: Node, out: int) -> Iterator[str]:
        if node.index is None:
            for run in node.operands:
                yield f"for (int i = 0; i < {run.size}; i++) m[{out} + i] = {self._entry(run)};"
                out += run.size
            return
        ends = np.cumsum([run.size for run in node.operands])
        for number, run in enumerate(node.operands):  # each source with the entries that it contributes
            at = np.flatnonzero((node.index >= ends[number] - run.size) & (node.index < ends[number]))
            entries = node.index[at] - (ends[number] - run.size)
            pairs = ", ".join(f"{i}, {entry}" for i, entry in zip(at, entries, strict=True))
            loop = f"for (int i = 0; i < {len(at)}; i++) m[{out} + at[2 * i]] = ({self._pointer(run)})[at[2 * i + 1]];"
            yield textwrap.fill(f"{{ static const int at[] = {{{pairs}}}; {loop} }}", 118, subsequent_indent="    ")

    def _pointer(self, run: Run) -> str:
        source = run.source
        if source.value is None and source.name:
            return f"{source.name} + {run.start}"
        return f"{'m' if source.value is None else 'w'} + {self._offsets[source.start] + run.start}"

    def _entry(self, run: Run) -> str:
        """Return entry `i` of a run."""
        if run.source.value is not None and run.is_scalar:
            return _number(np.float32(run.source.value[run.start]))
        array, _, start = self._pointer(run).partition(" + ")
        step = {0: "", 1: " + i"}.get(run.step, f" + {run.step} * i")
        return f"{array}[{start}{step}]"


def _number(value: np.float32) -> str:
    if not np.isfinite(value):
        return {"inf": "INFINITY", "-inf": "-INFINITY"}.get(str(value), "NAN")
    text = f"{float(str(value))!r}f"
    return text if value >= 0 else f"({text})"
