"""Models of other packages, run from end to end with the default features."""
