"""The composed configuration of a command: where its YAML files are, and what makes it valid. Loads no JAX."""
