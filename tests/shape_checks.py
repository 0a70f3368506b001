"""Type checker of the annotations of the package, for the import hook of jaxtyping in `conftest.py`."""

import numpy as np
from beartype import BeartypeConf, FrozenDict, beartype

# Scalars of NumPy are numbers, and an integer is accepted for a float, as pyright does.
NUMBERS = {int: int | np.integer, float: float | int | np.floating | np.integer, bool: bool | np.bool_}
check = beartype(conf=BeartypeConf(hint_overrides=FrozenDict(NUMBERS)))
