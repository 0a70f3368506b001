"""Results that threads prepare in advance."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

S = TypeVar("S")
T = TypeVar("T")


def prefetch(make: Callable[[S], T], items: Iterable[S], count: int) -> Iterator[T]:
    """Yield `make(item)` of every item, in order.

    While the caller processes one result, `count` threads make the next results.
    """
    with ThreadPoolExecutor(count) as threads:
        pending: deque[Future[T]] = deque()
        for item in items:
            pending.append(threads.submit(make, item))
            if len(pending) > count:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
