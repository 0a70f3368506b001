"""From a simulation to a machine: models of machines that differ from their MJCF in a known way."""
