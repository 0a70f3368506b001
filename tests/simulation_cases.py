"""Small robots for tests of the simulation."""

import numpy as np

from dynax.envs import MjcfEnv

FALL = """
<mujoco><option timestep="0.01" gravity="0 0 -9.81"/><worldbody><body><joint name="z" type="slide" axis="0 0 1"/>
<geom size=".1" mass="2"/></body></worldbody><actuator><motor joint="z" ctrlrange="-5 5"/></actuator></mujoco>"""

PENDULUM = """
<mujoco><option timestep="0.002"/><worldbody><body><joint name="hinge" axis="0 1 0"/>
<geom type="capsule" fromto="0 0 0 0 0 -1" size=".03" mass="1"/></body></worldbody>
<actuator><motor joint="hinge"/></actuator></mujoco>"""

UNSTABLE = FALL.replace('axis="0 0 1"', 'axis="0 0 1" stiffness="-1e7"')

TOWED = """<mujoco><option timestep="0.002" gravity="0 0 0"/>
<default><geom contype="0" conaffinity="0"/><joint damping=".1"/></default><worldbody>
<body name="hand" mocap="true" pos="0 0 1"><geom size=".02"/></body>
<body name="load" pos="0 0 1"><freejoint/><geom size=".1" mass="1"/>
<body><joint name="wrist" type="ball"/><geom type="capsule" fromto="0 0 0 .4 0 0" size=".03" mass=".5"/>
<body pos=".4 0 0"><joint name="finger" axis="0 1 0"/><geom type="capsule" fromto="0 0 0 .2 0 0" size=".02" mass=".5"/>
</body></body></body></worldbody>
<equality><weld body1="load" body2="hand" solref=".1 1"/></equality>
<actuator><general name="muscle" joint="finger" dyntype="filter" dynprm=".05" gainprm="1"/></actuator></mujoco>"""


def robot(mjcf: str, name: str = "toy", decimation: int = 1) -> MjcfEnv:
    """Return the robot of an MJCF text."""
    return MjcfEnv(xml=f"{name}.xml", mjcf=mjcf, decimation=decimation)


def random_inputs(env, n, steps, seed=0):
    """Return random initial states (n, s) and actions (n, t, u)."""
    rng = np.random.default_rng(seed)
    low, high = env.action_bounds
    return env.sample_states(rng, n), rng.uniform(low, high, (n, steps, env.action_dim))
