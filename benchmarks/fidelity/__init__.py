"""The accuracy of models, and the effect of each ingredient: `python -m benchmarks.fidelity`.

One file per table. `table` defines tables, `trainings` runs the trainings of a table, `cells` computes the entries of
its cells, and `document` writes tables into the documents.
"""
