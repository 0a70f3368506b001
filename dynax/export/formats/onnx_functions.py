"""The elementwise functions of a graph as operators of ONNX."""

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import helper

from dynax.export.graphs import Node

Function = Callable[..., str]  # (builder, node, *operands) -> name of the result


def _operator(name: str) -> Function:
    return lambda builder, node, *operands: builder.add(name, *operands)


def _power(builder: Any, node: Node, x: str) -> str:
    return builder.add("Pow", x, builder.constant([node.options["y"]], np.float32))


def _cast(builder: Any, node: Node, x: str) -> str:
    return builder.add("Cast", x, to=helper.np_dtype_to_tensor_dtype(node.result.dtype))


def _atan2(builder: Any, node: Node, y: str, x: str) -> str:
    """Return twice the arctangent of tan(angle / 2), in the form that does not cancel for the sign of x."""
    add, zero = builder.add, builder.constant([0], np.float32)
    radius = add("Sqrt", add("Add", add("Mul", x, x), add("Mul", y, y)))
    smallest = builder.constant([1e-37], np.float32)
    right = add("Div", y, add("Max", add("Add", radius, x), smallest))
    left = add("Div", add("Sub", radius, x), y)
    half = add("Where", add("GreaterOrEqual", x, zero), right, left)
    return add("Mul", add("Atan", half), builder.constant([2], np.float32))


FUNCTIONS: dict[str, Function] = {
    name: _operator(operator)
    for name, operator in {
        "abs": "Abs", "add": "Add", "and": "And", "cos": "Cos", "div": "Div", "eq": "Equal", "exp": "Exp",
        "ge": "GreaterOrEqual", "gt": "Greater", "le": "LessOrEqual", "log": "Log", "logistic": "Sigmoid", "lt": "Less",
        "max": "Max", "min": "Min", "mul": "Mul", "neg": "Neg", "not": "Not", "or": "Or", "pow": "Pow", "sign": "Sign",
        "sin": "Sin", "sqrt": "Sqrt", "sub": "Sub", "tanh": "Tanh",
    }.items()
} | {
    "atan2": _atan2,
    "convert_element_type": _cast,
    "integer_pow": _power,
    "ne": lambda builder, node, x, y: builder.add("Not", builder.add("Equal", x, y)),
    "rsqrt": lambda builder, node, x: builder.add("Reciprocal", builder.add("Sqrt", x)),
    "select_n": lambda builder, node, where, no, yes: builder.add("Where", where, yes, no),
    "square": lambda builder, node, x: builder.add("Mul", x, x),
}  # fmt: skip
