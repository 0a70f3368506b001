"""A test set in portions, so that the memory of an evaluation does not depend on the robot or on the test."""

import logging
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from dynax.envs.state_space import StateSpace
from dynax.evaluation import metrics
from dynax.evaluation.testset import TestSet, TestSource

log = logging.getLogger(__name__)

PORTION_BYTES = 2**27  # of the true states of a portion


class Portions:
    """The portions of a test set. All portions except the last have the same number of trajectories.

    A single portion stays in memory. Several portions are simulated again whenever they are read.

    Args:
        test: the test set.
        space: the coordinates of the robot.
    """

    def __init__(self, test: TestSet | TestSource, space: StateSpace):
        self._test, self._space, self._only = test, space, None
        bytes_per_trajectory = 8 * space.dim * (test.warmup + test.steps + 1)
        count = -(-len(test) * bytes_per_trajectory // PORTION_BYTES)  # rounded up
        self.size = -(-len(test) // count)  # trajectories per portion

    def __len__(self) -> int:
        """Return the number of portions."""
        return -(-len(self._test) // self.size)

    def __iter__(self) -> Iterator[TestSet]:
        """Yield the portions in order."""
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: int) -> TestSet:
        """Return a portion."""
        if self._only is not None:
            return self._only
        start = index * self.size
        portion = self._test.read(start, min(start + self.size, len(self._test)))
        if len(self) == 1:
            self._only = portion
        return portion

    def state_std(self) -> Float[np.ndarray, " C"]:
        """Return the standard deviation of each coordinate over the true states of all portions."""
        if len(self) == 1:
            return metrics.state_std(self._space, self[0].truth)
        count, mean, squares = 0, np.zeros(self._space.tangent_dim), np.zeros(self._space.tangent_dim)
        for index, portion in enumerate(self):
            log.info("simulating the test: portion %d of %d", index + 1, len(self))
            for path in portion.truth:  # Chan et al. 1983, Algorithms for Computing the Sample Variance
                values = self._space.difference(self._space.default_state, path)
                shift, total = values.mean(axis=0) - mean, count + len(values)
                squares += ((values - values.mean(axis=0)) ** 2).sum(axis=0)
                squares += shift**2 * count * len(values) / total
                count, mean = total, mean + shift * len(values) / total
        return np.maximum(np.sqrt(squares / count), metrics.MIN_STD)
