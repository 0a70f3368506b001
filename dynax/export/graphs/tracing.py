"""From a JAX function to a graph."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import jax
import numpy as np
from jax.extend import core

from dynax.export.graphs.addresses import INDICES, MOVES
from dynax.export.graphs.graph import Addresses, Graph, Node, Run
from dynax.export.graphs.memory import Memory, addresses, is_constant
from dynax.export.graphs.products import product

CALLS = {"jit": "jaxpr", "closed_call": "call_jaxpr", "custom_jvp_call": "call_jaxpr", "custom_vjp_call": "call_jaxpr",
         "remat": "jaxpr", "checkpoint": "jaxpr"}  # fmt: skip
ELEMENTWISE = frozenset([
    "abs", "add", "and", "atan2", "convert_element_type", "cos", "div", "eq", "exp", "ge", "gt", "integer_pow",
    "le", "log", "logistic", "lt", "max", "min", "mul", "ne", "neg", "not", "or", "pow", "rsqrt", "select_n", "sign",
    "sin", "sqrt", "square", "sub", "tanh",
])  # fmt: skip
REDUCTIONS = frozenset(["reduce_and", "reduce_max", "reduce_min", "reduce_or", "reduce_sum"])
IDENTITIES = {"add": 0, "sub": 0, "mul": 1, "div": 1}  # second operands that change nothing
MAX_PARTS = 16  # runs that a `move` concatenates; with more, it has a table


class Unsupported(Exception):  # noqa: N818
    """A function contains an operation that graphs do not have. The message is its name."""


def trace(function: Callable[..., Any], params: Any, inputs: Sequence[tuple[str, jax.ShapeDtypeStruct]]) -> Graph:
    """Return the graph of a function.

    Args:
        function: function of `params` and arrays, which returns an array or a tuple of arrays.
        params: nested dictionaries of arrays, which become constants with the names of their keys.
        inputs: names and shapes of the other arguments.

    Raises:
        Unsupported: if the function contains an operation that graphs do not have.
    """
    shapes = [shape for _, shape in inputs]
    closed, results = jax.make_jaxpr(function, return_shape=True)(params, *shapes)
    tracer = _Tracer()
    leaves = jax.tree_util.tree_leaves_with_path(params)
    constants = [tracer.memory.constant(np.asarray(leaf), _path(path)) for path, leaf in leaves]
    sources = [tracer.memory.add(int(np.prod(shape.shape)), shape.dtype, name) for name, shape in inputs]
    arguments = [addresses(source).reshape(shape.shape) for source, shape in zip(sources, shapes, strict=True)]
    outputs = tracer.run(closed.jaxpr, closed.consts, [*constants, *arguments])
    shapes = [leaf.shape for leaf in jax.tree.leaves(results)]
    whole = tuple(tracer.block(value, np.dtype(np.float32)) for value in outputs)
    return Graph(tuple(sources), _needed(tracer.nodes, whole), whole, tuple(shapes))


def _path(path: Any) -> str:
    return ".".join(str(entry.key) for entry in path if str(entry.key) not in ("params", "network"))


def _needed(nodes: Sequence[Node], outputs: Sequence[Run]) -> tuple[Node, ...]:
    """Return the nodes that the outputs depend on."""
    used = {run.source.start for run in outputs}
    kept = []
    for node in reversed(nodes):
        if node.result.start in used:
            kept.append(node)
            used |= {run.source.start for run in node.operands}
    return tuple(reversed(kept))


def _live(jaxpr: core.Jaxpr) -> Iterator[Any]:
    """Return the equations that the outputs of a jaxpr depend on."""
    used, kept = {id(v) for v in jaxpr.outvars}, []
    for eqn in reversed(jaxpr.eqns):
        if any(id(v) in used for v in eqn.outvars):
            kept.append(eqn)
            used |= {id(v) for v in eqn.invars}
    return reversed(kept)


class _Tracer:
    """The state of a trace: the memory, and the nodes so far."""

    def __init__(self) -> None:
        self.memory = Memory()
        self.nodes: list[Node] = []
        self._moved: dict[bytes, Run] = {}  # results of moves, by their addresses

    def run(self, jaxpr: core.Jaxpr, consts: Sequence[Any], inputs: Sequence[Addresses]) -> list[Addresses]:
        """Return the values of the outputs of a jaxpr."""
        known: dict[Any, Addresses] = dict(zip(jaxpr.invars, inputs, strict=True))
        known |= {var: self.memory.constant(value) for var, value in zip(jaxpr.constvars, consts, strict=True)}

        def read(atom: Any) -> Addresses:
            return self.memory.constant(atom.val) if isinstance(atom, core.Literal) else known[atom]

        for eqn in _live(jaxpr):
            results = self._apply(eqn, [read(atom) for atom in eqn.invars])
            known.update(zip(eqn.outvars, results, strict=True))
        return [read(atom) for atom in jaxpr.outvars]

    def _apply(self, eqn: Any, values: list[Addresses]) -> Sequence[Addresses]:
        name, params = eqn.primitive.name, eqn.params
        if name in CALLS:
            inner = params[CALLS[name]]
            return self.run(inner.jaxpr, inner.consts, values)
        if name == "scan":
            return self._scan(params, values)
        if name in MOVES and all(is_constant(value) for value in values[INDICES.get(name, slice(0, 0))]):
            return self._move(eqn, values)
        if all(map(is_constant, values)):  # also without operands, as of `iota`
            return self._fold(eqn, values)
        if name == "dot_general":
            return [product(self, eqn, *values)]
        if name in REDUCTIONS:
            return [self._reduce(eqn, *values)]
        if name in ELEMENTWISE:
            return [self._elementwise(eqn, values)]
        raise Unsupported(name)

    def _scan(self, params: Any, values: list[Addresses]) -> list[Addresses]:
        """Return the results of a loop, whose steps follow each other in the graph."""
        inner, fixed, carried = params["jaxpr"], params["num_consts"], params["num_carry"]
        consts, carry, xs = values[:fixed], values[fixed : fixed + carried], values[fixed + carried :]
        order = range(params["length"])
        rows = []
        for i in reversed(order) if params["reverse"] else order:
            results = self.run(inner.jaxpr, inner.consts, [*consts, *carry, *(np.asarray(x[i]) for x in xs)])
            carry = results[:carried]
            rows.append(results[carried:])
        rows = rows[::-1] if params["reverse"] else rows
        shapes = [var.aval.shape for var in inner.jaxpr.outvars[carried:]]
        empty = [np.zeros((0, *shape), np.int32) for shape in shapes]
        return [*carry, *(map(np.stack, zip(*rows, strict=True)) if rows else empty)]

    def _move(self, eqn: Any, values: list[Addresses]) -> Sequence[Addresses]:
        indices = range(len(values))[INDICES.get(eqn.primitive.name, slice(0, 0))]
        dtypes = [atom.aval.dtype for atom in eqn.invars]
        arguments = [self.memory.values(value, dtypes[i]) if i in indices else value for i, value in enumerate(values)]
        moved = MOVES[eqn.primitive.name](eqn.primitive, eqn.params, *arguments)
        return [np.asarray(each) for each in (moved if isinstance(moved, (list, tuple)) else [moved])]

    def _fold(self, eqn: Any, values: list[Addresses]) -> list[Addresses]:
        arrays = [self.memory.values(value, atom.aval.dtype) for value, atom in zip(values, eqn.invars, strict=True)]
        results = eqn.primitive.bind(*arrays, **eqn.params)
        return [self.memory.constant(each) for each in (results if eqn.primitive.multiple_results else [results])]

    def _elementwise(self, eqn: Any, values: list[Addresses]) -> Addresses:
        shape, dtype = eqn.outvars[0].aval.shape, eqn.outvars[0].aval.dtype
        spread = [np.broadcast_to(value, shape) for value in values]
        if len(values) == 2 and is_constant(values[1]):
            second = self.memory.values(values[1], dtype)
            if eqn.primitive.name in IDENTITIES and (second == IDENTITIES[eqn.primitive.name]).all():
                return spread[0]
        operands = [self.operand(value, atom.aval.dtype) for value, atom in zip(spread, eqn.invars, strict=True)]
        if all(run.is_scalar for run in operands):  # one number, for all entries of the result
            return np.broadcast_to(self.emit(eqn.primitive.name, operands, (1,), dtype, options=eqn.params), shape)
        return self.emit(eqn.primitive.name, operands, shape, dtype, options=eqn.params)

    def _reduce(self, eqn: Any, value: Addresses) -> Addresses:
        axes = eqn.params["axes"]
        shape = tuple(size for axis, size in enumerate(value.shape) if axis not in axes)
        entries = np.moveaxis(value, axes, range(-len(axes), 0)).reshape(int(np.prod(shape)), -1)
        dtype = eqn.outvars[0].aval.dtype
        if entries.shape[1] == 1:
            return entries.reshape(shape)
        return self.emit(eqn.primitive.name, [self.block(entries, dtype)], shape, dtype, entries.shape)

    def emit(
        self, name: str, operands: Sequence[Run], shape: tuple[int, ...], dtype: Any, sizes: tuple[int, ...] = (),
        options: Any = None, index: np.ndarray | None = None,
    ) -> Addresses:  # fmt: skip
        """Add an operation and return the addresses of its result."""
        result = self.memory.add(int(np.prod(shape)), dtype)
        self.nodes.append(Node(name, tuple(operands), result, sizes, options or {}, index))
        return addresses(result).reshape(shape)

    def operand(self, value: Addresses, dtype: Any) -> Run:
        """Return a value as one run; if it has several runs, they are copied to a new block."""
        found = self.memory.runs(value)
        return found[0] if len(found) == 1 else self._copied(value, found, dtype)

    def block(self, value: Addresses, dtype: Any) -> Run:
        """Return a value as a whole source."""
        found = self.memory.runs(value)
        return found[0] if len(found) == 1 and found[0].is_whole else self._copied(value, found, dtype)

    def _copied(self, value: Addresses, found: list[Run], dtype: Any) -> Run:
        if is_constant(value):
            return self.memory.runs(self.memory.constant(self.memory.values(value.ravel(), dtype)))[0]
        key = value.tobytes()
        if key not in self._moved:
            operands, index = (found, None) if len(found) <= MAX_PARTS else _table(found, value)
            where = self.emit("move", operands, (value.size,), dtype, index=index)
            self._moved[key] = Run(self.memory.source(int(where[0])), 0, 1, value.size)
        return self._moved[key]


def _table(found: list[Run], value: Addresses) -> tuple[list[Run], np.ndarray]:
    """Return the whole sources of runs, and the entries of their concatenation that are the value."""
    sources = {run.source.start: run.source for run in found}
    offsets, total = {}, 0
    for start, source in sources.items():
        offsets[start] = total
        total += source.size
    index = [offsets[run.source.start] + run.start + run.step * np.arange(run.size) for run in found]
    return [Run(source, 0, 1, source.size) for source in sources.values()], np.concatenate(index).astype(np.int32)
