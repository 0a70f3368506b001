"""Graphs: which operations they have, and which they do not have."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynax.export.formats import c_source, numpy_module, onnx_functions, onnx_model
from dynax.export.graphs import Unsupported, trace, tracing

INPUT = [("x", jax.ShapeDtypeStruct((3, 4), jnp.float32))]


def test_moves_and_constants_need_no_operations():
    graph = trace(lambda _, x: (x.T[1:3] + jnp.zeros(3)).ravel()[jnp.arange(3)], {}, INPUT)
    [node] = graph.nodes
    [run] = node.operands
    assert (node.name, run.start, run.step, run.size) == ("move", 1, 4, 3)


def test_operations_without_a_use_are_omitted():
    graph = trace(lambda _, x: (jnp.sin(x), jnp.cos(x))[0], {}, INPUT)
    assert [node.name for node in graph.nodes] == ["sin"]


def test_constants_have_the_names_of_parameters():
    params = {"params": {"network": {"Dense_0": {"kernel": np.ones((4, 2), np.float32)}}}}
    graph = trace(lambda p, x: x @ p["params"]["network"]["Dense_0"]["kernel"], params, INPUT)
    assert [source.name for source in graph.constants] == ["Dense_0.kernel"]
    assert graph.nodes[-1].shape == (3, 4, 2)


def test_other_operations_raise_their_name():
    with pytest.raises(Unsupported, match="top_k"):
        trace(lambda _, x: jax.lax.top_k(x, 2)[0], {}, INPUT)


@pytest.mark.parametrize("expressions", [c_source.EXPRESSIONS, numpy_module.EXPRESSIONS, onnx_functions.FUNCTIONS])
def test_every_format_has_all_operations(expressions):
    assert set(expressions) == tracing.ELEMENTWISE


@pytest.mark.parametrize("format", [c_source, numpy_module, onnx_model])
def test_every_format_has_all_reductions(format):
    assert set(format.REDUCTIONS) == tracing.REDUCTIONS
