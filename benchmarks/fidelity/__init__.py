"""How far ahead the models stay true, and what each ingredient is worth: `python -m benchmarks.fidelity`.

One file a table; `table` says what a table is, `runs` makes the trainings that it needs, `document` writes it down.
"""
