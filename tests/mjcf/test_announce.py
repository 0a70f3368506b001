"""Tasks that last long are announced."""

import logging
import time

import pytest

from dynax.mjcf import announce
from dynax.mjcf.announce import announced


@pytest.mark.parametrize(("patience", "messages"), [(0.01, ["reading"]), (60.0, [])])
def test_only_a_long_task_is_announced(monkeypatch, caplog, patience, messages):
    monkeypatch.setattr(announce, "PATIENCE", patience)
    with caplog.at_level(logging.INFO), announced(logging.getLogger("dynax"), "reading"):
        time.sleep(0.1)
    assert caplog.messages == messages
