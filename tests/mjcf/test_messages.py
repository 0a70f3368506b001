"""MuJoCo's warnings are messages of Dynax's log within the block."""

import logging
import warnings

import mujoco
import pytest

from dynax.envs import MjcfEnv
from dynax.mjcf.messages import warnings_to_log

WARNS = """<mujoco><worldbody><body><joint name="z" type="slide" stiffness="-1e9"/><geom size=".1"/></body></worldbody>
</mujoco>"""


def unstable():
    """Run a simulation that makes MuJoCo issue a warning."""
    model = MjcfEnv(xml="toy.xml", mjcf=WARNS).mj_model
    data = mujoco.MjData(model)
    data.qpos[:] = 1
    mujoco.mj_step(model, data, nstep=100)


def test_a_warning_is_logged_and_not_written_to_a_file(caplog, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with caplog.at_level(logging.DEBUG), warnings_to_log():
        unstable()
    assert any("simulation is unstable" in message for message in caplog.messages)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_last_thread_restores_the_previous_handler(order):
    before, filters = mujoco.get_mju_user_warning(), list(warnings.filters)
    blocks = [warnings_to_log(), warnings_to_log()]
    for block in blocks:
        block.__enter__()
    blocks[order[0]].__exit__(None, None, None)
    assert mujoco.get_mju_user_warning() is not before
    blocks[order[1]].__exit__(None, None, None)
    assert mujoco.get_mju_user_warning() is before
    assert warnings.filters == filters
