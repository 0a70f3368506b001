"""Tasks of the DeepMind Control Suite (Tassa et al., arXiv:1801.00690) for the models of that suite, with its names."""
