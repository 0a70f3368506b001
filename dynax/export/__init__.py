"""Export: one step and a rollout of a trained model as files that other programs run.

contract    names, units, shapes and files, for `contract.json`
programs    one step and a rollout as functions of arrays
formats     one file per format
"""

from dynax.export.exporting import FORMATS, export

__all__ = ["FORMATS", "export"]
