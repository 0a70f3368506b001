"""What the command line does: one file a command, each with `run(cfg) -> Path`, the path that is printed."""
