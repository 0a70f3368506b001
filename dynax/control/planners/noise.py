"""Colored noise: random sequences whose power spectrum falls with the frequency."""

import jax
import numpy as np
from jaxtyping import Array, Float


def coloring_matrix(length: int, exponent: float) -> Float[np.ndarray, "length length"]:
    """Return the matrix that turns white noise into noise with a power spectrum proportional to f^-exponent.

    The result has unit variance. An exponent of 0 is white noise, and larger exponents give smoother sequences. The
    constant part has the power of the lowest frequency (Timmer and König 1995).
    """
    frequencies = np.fft.rfftfreq(length)
    frequencies[0] = frequencies[1] if length > 1 else 1.0
    filtered = np.fft.rfft(np.eye(length), axis=0) * frequencies[:, None] ** (-exponent / 2)
    matrix = np.fft.irfft(filtered, length, axis=0) if length > 1 else np.eye(1)
    return matrix / np.linalg.norm(matrix[0])


def colored(key: jax.Array, n: int, matrix: Float[np.ndarray, "K K"], width: int) -> Float[Array, "n K width"]:
    """Draw `n` sequences of colored noise for each of `width` entries."""
    return jax.numpy.einsum("kl,nlw->nkw", matrix, jax.random.normal(key, (n, matrix.shape[0], width)))
