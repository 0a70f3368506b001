"""What collection and training cost: `python -m benchmarks.speed`."""
