"""The first step at which a sequence exceeds a threshold."""

import numpy as np
from jaxtyping import Float, Int

VPT_THRESHOLD = 0.1  # normalized error that ends a valid prediction, standard deviations


def first_passage(values: Float[np.ndarray, "N T"], threshold: float) -> Int[np.ndarray, " N"]:
    """Return the first step at which each row exceeds a threshold or is NaN, or T if there is no such step."""
    above = ~(values <= threshold)
    return np.where(above.any(axis=1), above.argmax(axis=1), values.shape[1])
