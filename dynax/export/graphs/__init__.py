"""A model as a short list of array operations, from which formats without a compiler are written.

- `graph`: the types of a graph
- `memory`: the addresses of all numbers
- `addresses`: operations that only move entries
- `products`: matrix products
- `tracing`: from a JAX function to a graph
- `functions`: the graphs of a model
"""

from dynax.export.graphs.graph import Graph, Node, Run, Source, runs
from dynax.export.graphs.tracing import Unsupported, trace

__all__ = ["Graph", "Node", "Run", "Source", "Unsupported", "runs", "trace"]
