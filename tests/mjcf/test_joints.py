"""Joints that their dampers lock."""

import mujoco
import pytest

from dynax.mjcf.joints import locked_dofs

CART = """<mujoco><option timestep="0.002"/><worldbody><body>
<joint name="rail" type="slide" axis="1 0 0" damping="{damping}"/><geom size=".1" mass="1"/>
<body pos=".1 0 0"><joint name="pole" axis="0 1 0" damping="0.1"/><geom size=".05" mass="1" pos=".5 0 0"/></body>
</body></worldbody></mujoco>"""


@pytest.mark.parametrize(("damping", "locked"), [(0, False), (1e4, False), (1e6, True), (1e11, True)])
def test_a_damper_locks_its_joint_if_it_stops_it_within_a_step(damping, locked):
    model = mujoco.MjModel.from_xml_string(CART.format(damping=damping))
    assert locked_dofs(model).tolist() == [locked, False]
