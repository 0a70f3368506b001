"""MuJoCo's warnings go to Dynax's log, and back to where they went before."""

import logging
import warnings

import mujoco
import pytest

from dynax.envs import MjcfEnv
from dynax.mjcf.mujoco_log import logged

WARNS = """<mujoco><worldbody><body><joint name="z" type="slide" stiffness="-1e9"/><geom size=".1"/></body></worldbody>
</mujoco>"""


def unstable():
    """A simulation that MuJoCo warns of."""
    model = MjcfEnv(xml="toy.xml", mjcf=WARNS).mj_model
    data = mujoco.MjData(model)
    data.qpos[:] = 1
    mujoco.mj_step(model, data, nstep=100)


def test_a_warning_is_a_message_of_the_log_and_no_file(caplog, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with caplog.at_level(logging.DEBUG), logged():
        unstable()
    assert any("simulation is unstable" in message for message in caplog.messages)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_several_threads_the_last_to_leave_puts_back_what_was(order):
    before, filters = mujoco.get_mju_user_warning(), list(warnings.filters)
    blocks = [logged(), logged()]
    for block in blocks:
        block.__enter__()
    blocks[order[0]].__exit__(None, None, None)
    assert mujoco.get_mju_user_warning() is not before
    blocks[order[1]].__exit__(None, None, None)
    assert mujoco.get_mju_user_warning() is before
    assert warnings.filters == filters
