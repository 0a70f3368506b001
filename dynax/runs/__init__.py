"""Storage of runs: files that appear complete, sealed directories, checkpoints, metrics and provenance.

Nothing in this package depends on a model.
"""
