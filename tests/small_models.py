"""Small models with random weights, and trajectories for them."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from dynax.architectures import MechanicalDynamicsModel, MLPDynamicsModel, TransformerDynamicsModel
from dynax.base import BaseDynamicsModel
from dynax.data.simulate import diverged, simulate
from dynax.envs import MjcfEnv
from dynax.envs.resets.standing import StandingReset
from dynax.evaluation.ensembles import calibrate
from dynax.representation.representation import Representation
from dynax.trained import TrainedModel
from dynax.training.normalization import normalization_of

# A pendulum with a ball joint, whose elbow is driven through an activation.
ACTIVE = """<mujoco><option timestep="0.005"/><worldbody><body pos="0 0 2">
<joint name="shoulder" type="ball"/><geom type="capsule" fromto="0 0 0 0 0 -1" size=".05"/>
<body pos="0 0 -1"><joint name="elbow" axis="0 1 0"/><geom type="capsule" fromto="0 0 0 .5 0 0" size=".05"/></body>
</body></worldbody><actuator><general joint="elbow" dyntype="filter" dynprm=".1" gainprm="2"/></actuator></mujoco>"""

# A robot with a floating base and one leg on a floor.
LEGGED = """<mujoco><option timestep="0.005"/><worldbody><geom type="plane" size="5 5 1"/>
<body name="trunk" pos="0 0 .4"><freejoint name="base"/><geom size=".1"/>
<body pos=".05 0 0"><joint name="knee" axis="0 1 0" range="-60 60" damping=".1"/>
<geom type="capsule" fromto="0 0 0 .1 0 -.3" size=".03"/></body></body></worldbody>
<actuator><motor joint="knee" gear="2" ctrlrange="-1 1"/></actuator></mujoco>"""


def legged(mjcf=LEGGED, **options):
    """Return the robot with one leg, which starts on the floor."""
    return MjcfEnv(xml="legged.xml", mjcf=mjcf, reset=StandingReset(), **options)


def representation(env, target="acceleration", frame="robot", angles="sincos", constraints="features", drop=True):
    return Representation.of(env, angles, target, constraints, drop, frame)


def steps(env, n=16, length=20):
    """Consecutive states (n, length, S) of the simulator."""
    rng = np.random.default_rng(0)
    low, high = env.action_bounds
    actions = rng.uniform(low, high, (n, length, env.action_dim))
    paths = simulate(env, env.sample_states(rng, n), actions, "native")
    return paths[~diverged(paths)]


def small(kind, env, **options):
    """Return a model with random weights and its variables. Its predictions are lively and stay bounded."""
    if kind == "mechanical":
        model = MechanicalDynamicsModel(env=env, hidden_dims=(16,), **options)
    elif kind == "transformer":
        model = TransformerDynamicsModel(env=env, width=16, num_layers=1, num_heads=2, history=4, **options)
    else:
        model = MLPDynamicsModel(env=env, hidden_dims=(16,), refinement_steps=1, refinement_dims=(16,), **options)
    statistics = model.identity_normalization()
    statistics["target"]["std"] *= 0.01
    variables = model.create(jax.random.PRNGKey(0), statistics)
    for name, layer in variables["params"]["network"].items() if kind == "mlp" else ():
        if (
            name.startswith("Dense_") and name != "Dense_0"
        ):  # of a refinement step, whose inputs are large for stiff contacts
            layer["kernel"] = layer["kernel"] * 0.001
    return model, variables


def given(env, history, length, n=3):
    """Consecutive states (n, h, S) to start from, and actions (n, h - 1 + length, A)."""
    rng = np.random.default_rng(1)
    actions = rng.uniform(-1, 1, (n, history - 1 + length, env.action_dim))
    return simulate(env, env.sample_states(rng, n), actions[:, :history], "native")[:, :history], actions


class MyModel(BaseDynamicsModel):
    """The custom model of the first README."""

    @nn.compact
    def __call__(self, states, actions, training=False):
        x = jnp.concatenate([states.flatten(), actions.flatten()])
        x = nn.Dense(256)(x)
        x = nn.relu(x)
        return nn.Dense(self.state_dim)(x)


class Still(BaseDynamicsModel):
    """A network that always returns zero, to test the computation around it."""

    @nn.compact
    def __call__(self, states, actions, training=False):
        return self.param("zero", nn.initializers.zeros, ()) * jnp.ones(self.target_dim)


def unit(model):
    """Variables with the identity normalization."""
    return model.create(jax.random.PRNGKey(0), model.identity_normalization())


def skewed(model, seed=0):
    """Variables with a random normalization."""
    rng = np.random.default_rng(seed)
    sizes = {name: len(each["mean"]) for name, each in model.identity_normalization().items()}
    statistics = {k: {"mean": rng.normal(0, 0.1, n), "std": rng.uniform(0.5, 2, n)} for k, n in sizes.items()}
    return model.create(jax.random.PRNGKey(seed), jax.tree.map(np.float32, statistics))


def calibrated_ensemble(env, data):
    """Return a small ensemble with random weights, calibrated on a quarter of the trajectories `data`."""
    train, val = data.split(0.25)
    model = MLPDynamicsModel(env=env, hidden_dims=(4,), activation="tanh", ensemble_size=3)
    trained = TrainedModel(model, model.create(jax.random.PRNGKey(0), normalization_of(model, train)))
    return dataclasses.replace(trained, calibration=calibrate(trained, val))
