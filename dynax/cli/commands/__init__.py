"""The commands, one file each. `run(cfg)` runs the command on a composed config and returns the path of its result."""
