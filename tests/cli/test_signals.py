"""Signals set a flag and raise `Stopped`, which survives its discard; the watcher ends what cannot obey."""

import gc
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from dynax.cli import signals
from dynax.cli.signals import Stopped
from dynax.cli.stop_request import WORDS, Request

REPOSITORY = Path(__file__).parents[2]
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


def test_an_import_is_not_interrupted(tmp_path, monkeypatch):
    """An extension module may abort the process if an exception ends its initialization, as those of jaxlib do."""
    lines = ("import os, signal, time", "os.kill(os.getpid(), signal.SIGTERM)", "time.sleep(0.3)", "finished = True")
    (tmp_path / "interrupted_import.py").write_text("\n".join(lines))
    monkeypatch.syspath_prepend(tmp_path)
    import interrupted_import

    assert interrupted_import.finished
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
    signals.advise(lambda: "run it again")
    with stopped("^terminated; run it again$"):
        os.kill(os.getpid(), signal.SIGTERM)


def test_the_action_before_a_stop_is_called_once_with_the_signal():
    calls = []
    signals.before_stop(calls.append)
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


def ended(body, *numbers, pause=0.3):
    """Run Python code as a process, send it signals once it has printed a line, and return code, message and time."""
    code = f"import os, sys, time\nfrom dynax.cli import signals\n{body}"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=REPOSITORY
    )
    assert process.stdout.readline() == "ready\n"
    start = time.monotonic()
    for i, number in enumerate(numbers):
        time.sleep(pause * (i > 0))
        process.send_signal(number)
    _, err = process.communicate(timeout=60)
    return process.returncode, err, time.monotonic() - start


DEAF = """
with signals.handling(), signals.defer_signals():
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_second_signal_ends_the_process_at_once(number):
    code, err, seconds = ended(DEAF, number, number)
    assert (code, err) == (128 + number, f"dynax: {WORDS[number]} again; stopped at once\n")
    assert seconds < 3


def test_a_process_that_does_not_answer_is_ended():
    code, err, seconds = ended(DEAF, signal.SIGTERM)
    assert (code, err) == (143, "dynax: terminated, without an answer in 4.5 s\n")
    assert 4 < seconds < 9


SAVING = """
with signals.handling(), signals.defer_signals() as request:
    print("ready", flush=True)
    with signals.saving():
        time.sleep(6)
    assert request.number
    signals.acknowledge()
"""


@pytest.mark.slow
def test_a_checkpoint_has_more_time():
    assert ended(SAVING, signal.SIGTERM)[:2] == (0, "")


COMPILING = """
import jax.numpy as jnp
from jax._src import compiler  # its file name marks a compilation
import types
wait = types.FunctionType(
    compile("def wait():\\n time.sleep(60)", compiler.__file__, "exec").co_consts[0], {"time": time}
)
with signals.handling(), signals.defer_signals():
    signals.advise(lambda: "nothing can be continued yet; run the same command again")
    print("ready", flush=True)
    wait()
"""


def test_a_compilation_is_ended_within_a_second():
    code, err, seconds = ended(COMPILING, signal.SIGUSR1)
    assert code == 128 + signal.SIGUSR1
    assert err == (
        "dynax: stopped by SIGUSR1 during a compilation; nothing can be continued yet; run the same command again\n"
    )
    assert seconds < 3


def test_nohup_keeps_sighup_ignored(monkeypatch):
    code = """
import signal
signal.signal(signal.SIGHUP, signal.SIG_IGN)
with signals.handling():
    print("ready", flush=True)
    time.sleep(1)
"""
    assert ended(code, signal.SIGHUP)[:2] == (0, "")
