"""The schema of the YAML groups, and the registry of the names that select an implementation.

This package imports neither JAX nor MuJoCo.
"""
