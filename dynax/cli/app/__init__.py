"""The command line of one command through Hydra, with its help and its completion."""
