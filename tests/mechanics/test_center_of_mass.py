"""The velocity of the center of mass against MuJoCo."""

import jax
import mujoco
import numpy as np

from dynax.mechanics.center_of_mass import center_velocity

MODEL = """<mujoco><default><geom size=".1"/></default><worldbody>
<body pos="1 2 3" euler="1 0 0"><freejoint/><geom pos=".1 .2 .3"/>
  <body pos=".2 .1 0"><joint type="ball" pos=".1 -.05 .02"/><geom pos="0 .3 0"/>
    <body pos=".3 0 .1"><joint axis="1 2 3" pos="0 .1 .2"/><geom pos=".4 0 0"/></body></body>
  <body pos="0 .3 0"><joint type="slide" axis="0 1 1"/><geom pos="0 0 .5"/></body>
</body></worldbody></mujoco>"""


BODIES = (1, 2, 4)


def test_velocities_are_those_of_mujoco():
    model, rng = mujoco.MjModel.from_xml_string(MODEL), np.random.default_rng(0)
    data = mujoco.MjData(model)
    data.qpos[:], data.qvel[:] = rng.normal(size=model.nq), rng.normal(size=model.nv)
    mujoco.mj_forward(model, data)
    mujoco.mj_subtreeVel(model, data)

    @jax.jit
    def evaluate(qpos, qvel):
        return [center_velocity(model, qpos, qvel, body) for body in BODIES]

    with jax.enable_x64(True):
        velocities = evaluate(data.qpos, data.qvel)
    np.testing.assert_allclose(velocities, data.subtree_linvel[list(BODIES)], rtol=1e-12)
