"""The first signal is recorded, the second one acts, and the old handlers are restored."""

import os
import signal

import pytest

from dynax.cli.signals import Stopped, defer_signals

BOTH = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])


@pytest.fixture(autouse=True)
def handlers():
    """Set the handlers of the command line: Ctrl-C raises KeyboardInterrupt, SIGTERM raises Stopped."""

    def terminate(number, frame):
        raise Stopped(number, "terminated")

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, terminate)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_no_signal():
    with defer_signals() as request:
        pass
    assert request.number == 0


@BOTH
def test_the_first_signal_is_recorded(number, caplog):
    with defer_signals() as request:
        os.kill(os.getpid(), number)
    assert request.number == number
    assert caplog.messages == [f"{number.name} received: stopping after this epoch. Send it again to stop immediately."]


@pytest.mark.parametrize(("second", "raised"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Stopped)])
@BOTH
def test_the_second_signal_acts(number, second, raised):
    def twice():
        with defer_signals():
            os.kill(os.getpid(), number)
            os.kill(os.getpid(), second)

    with pytest.raises(raised):
        twice()


@BOTH
def test_the_handlers_are_restored(number):
    before = signal.getsignal(number)
    with defer_signals():
        assert signal.getsignal(number) is not before
    assert signal.getsignal(number) is before


def test_the_handlers_are_restored_after_an_error():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(ValueError, match="inside"), defer_signals():
        raise ValueError("inside")
    assert signal.getsignal(signal.SIGTERM) is before
