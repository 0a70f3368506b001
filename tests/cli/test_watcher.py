"""The watcher ends a process whose main thread cannot obey a signal."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dynax.cli.stop_request import WORDS

REPOSITORY = Path(__file__).parents[2]


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
    with signals.longer_deadline():
        time.sleep(6)
    assert request.number
    signals.acknowledge()
"""


@pytest.mark.slow
def test_a_checkpoint_has_more_time():
    assert ended(SAVING, signal.SIGTERM)[:2] == (0, "")


ENDLESS_END = """
from dynax.cli import watcher
watcher.ENDING_DEADLINE = 1.0
with signals.handling(), signals.defer_signals() as request:
    print("ready", flush=True)
    while not request.number:
        time.sleep(0.01)
    signals.acknowledge()
    time.sleep(60)
"""


def test_a_process_that_does_not_finish_its_end_is_ended():
    code, err, seconds = ended(ENDLESS_END, signal.SIGTERM)
    assert (code, err) == (143, "dynax: terminated, without an answer in 1 s\n")
    assert seconds < 5


COMPILING = """
import jax.numpy as jnp
from jax._src import compiler  # its file name marks a compilation
import types
wait = types.FunctionType(
    compile("def wait():\\n time.sleep(60)", compiler.__file__, "exec").co_consts[0], {"time": time}
)
with signals.handling(), signals.defer_signals():
    signals.set_resume_advice(lambda: "nothing can be continued yet; run the same command again")
    print("ready", flush=True)
    wait()
"""


@pytest.mark.slow
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
