"""The choice of a backend."""

import subprocess
import sys

import pytest
from simulation_cases import FALL, robot

from dynax.data import backends
from dynax.data.agreement import Agreement
from dynax.data.backends import resolve_backend
from dynax.errors import UserError


def test_backend_is_native_without_a_gpu_and_jax_is_not_imported():
    code = """if True:
        import sys
        from dynax.envs import MjcfEnv
        from dynax.data.backends import resolve_backend
        mjcf = "<mujoco><worldbody><body><joint/><geom size='1'/></body></worldbody></mujoco>"
        env = MjcfEnv(xml="toy.xml", mjcf=mjcf)
        assert resolve_backend("native", env) == "native"
        assert "jax" not in sys.modules, "jax was imported"
    """
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_backend_depends_on_the_gpu_and_on_the_robot(monkeypatch, caplog):
    unsupported = robot(FALL.replace("<option", '<option solver="PGS"'), "odd")
    with pytest.raises(UserError, match=r"^backend=mjx cannot simulate odd: .*PGS"):
        resolve_backend("mjx", unsupported)
    monkeypatch.setattr(backends, "_has_gpu", lambda: False)
    assert resolve_backend("auto", unsupported) == "native"
    assert not caplog.records
    monkeypatch.setattr(backends, "_has_gpu", lambda: True)
    assert resolve_backend("auto", unsupported) == "native"
    assert "MJX cannot simulate odd" in caplog.text
    assert "PGS" in caplog.text


@pytest.mark.slow
def test_backend_is_mjx_on_a_gpu(monkeypatch, pendulum, capfd):
    monkeypatch.setattr(backends, "compare", lambda env: Agreement("", ""))  # test_agreement.py compares the pendulum
    monkeypatch.setattr(backends, "_has_gpu", lambda: True)
    assert resolve_backend("auto", pendulum) == resolve_backend("mjx", pendulum) == "mjx"
    assert not capfd.readouterr().out
