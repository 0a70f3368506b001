"""Signals set a flag and raise `Stopped`, which survives its discard."""

import _imp
import gc
import os
import signal
import time
from contextlib import contextmanager, suppress
from importlib.machinery import ExtensionFileLoader, ModuleSpec

import pytest

from dynax.cli import signals
from dynax.cli.signals import Stopped
from dynax.cli.stop_request import WORDS, Request

ALL = pytest.mark.parametrize("number", WORDS, ids=lambda number: number.name)


@pytest.fixture(autouse=True)
def handling(monkeypatch):
    """Handle signals as the command line does. The tests may run under `nohup`, which ignores SIGHUP."""
    monkeypatch.setattr(signals, "request", Request())
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    with signals.handling():
        yield
        signals.acknowledge()
    signal.signal(signal.SIGHUP, before)


@contextmanager
def stopped(message="^(interrupted|terminated)"):
    """Expect `Stopped` in the block, and acknowledge the stop as the command line does."""
    with pytest.raises(Stopped, match=message) as error:
        yield error
    signals.acknowledge()


def loop(seconds=10.0):
    """Run Python code, so that a handler can run."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(0.01)


@ALL
def test_a_signal_raises_stopped_with_its_number(number):
    with stopped(WORDS[number]) as error:
        os.kill(os.getpid(), number)
    assert error.value.number == signals.requested() == number


def test_no_signal():
    signals.check()
    with signals.defer_signals() as request:
        pass
    assert request.number == signals.requested() == 0


@ALL
def test_a_deferred_signal_only_sets_the_flag(number):
    with signals.defer_signals() as request:
        os.kill(os.getpid(), number)
        signals.check()
        assert request.number == number
        signals.acknowledge()


def test_a_deferred_signal_that_nobody_acknowledged_acts_at_the_end():
    with stopped(), signals.defer_signals():
        os.kill(os.getpid(), signal.SIGTERM)


class Deleted:
    """An object whose deletion receives a signal, so that Python discards the exception of the handler."""

    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)


def test_an_exception_that_python_discards_in_a_deletion_is_raised_again(capfd):
    with stopped("terminated"):
        Deleted()
        loop()
    assert capfd.readouterr().err == ""


@pytest.mark.slow
def test_an_exception_that_python_discards_in_the_garbage_collection_is_raised_again():
    def collected(phase, info):
        if phase == "stop" and not signals.requested():
            os.kill(os.getpid(), signal.SIGTERM)

    gc.callbacks.append(collected)
    try:
        with stopped():
            gc.collect()
            loop()
    finally:
        gc.callbacks.remove(collected)


def swallow():
    with suppress(BaseException):
        os.kill(os.getpid(), signal.SIGINT)


def test_an_exception_that_a_library_catches_is_raised_again():
    with stopped("interrupted"):
        swallow()
        loop()


def test_the_import_of_an_extension_is_not_interrupted(monkeypatch):
    """An extension module may abort the process if an exception ends its initialization, as those of jaxlib do."""
    initialized = []

    def initialize(spec):
        os.kill(os.getpid(), signal.SIGTERM)
        loop(0.3)
        initialized.append(spec)

    monkeypatch.setattr(_imp, "create_dynamic", initialize)
    spec = ModuleSpec("extension", None)
    ExtensionFileLoader("extension", "extension.so").create_module(spec)
    assert initialized == [spec]
    with stopped():
        loop()


def test_the_flag_remains_after_a_discard():
    with stopped(), signals.defer_signals():
        swallow()
        signals.check()


def test_the_cleanup_is_not_disturbed():
    cleaned = []
    with stopped():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            loop(0.5)
            cleaned.append(True)
    assert cleaned == [True]


def test_the_message_contains_the_advice():
    signals.set_resume_advice(lambda: "run it again")
    with stopped("^terminated; run it again$"):
        os.kill(os.getpid(), signal.SIGTERM)


def test_the_action_before_a_stop_is_called_once_with_the_signal():
    calls = []
    signals.set_stop_action(calls.append)
    with stopped():
        swallow()
        loop()
    assert calls == [signal.SIGINT]


def test_the_handlers_are_restored(monkeypatch):
    installed = signal.getsignal(signal.SIGTERM)
    assert installed is signals.handle
    with signals.handling():  # they are already handled
        assert signal.getsignal(signal.SIGTERM) is installed
    assert signal.getsignal(signal.SIGTERM) is installed


@pytest.mark.filterwarnings("ignore:os.fork:RuntimeWarning", "ignore:This process:DeprecationWarning")
def test_a_forked_child_has_the_default_handlers():
    child = os.fork()
    if child == 0:
        os.kill(os.getpid(), signal.SIGTERM)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGTERM
    assert signals.requested() == 0
