"""The parts of `dynax train`: assembly, training, identification, checkpoints and the final report."""
