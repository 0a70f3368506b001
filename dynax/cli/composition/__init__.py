"""The composed configuration of a command: its YAML files and its validation. Nothing in this folder imports JAX."""
