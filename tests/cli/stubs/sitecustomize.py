"""Commands that need no JAX, for tests of the command line: on PYTHONPATH it is imported by every process of a run.

What they do is told by the config: `collect.seed`, `training.seed`, `eval.seed` or `render.seed` is the number of an act.
"""
