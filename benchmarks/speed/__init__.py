"""Speed of collection, contact detection and training: `python -m benchmarks.speed`."""
