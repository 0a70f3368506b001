"""Structured models of robots whose control step is not a semi-implicit physics step: decimation and RK4."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from inertias import constants
from small_models import skewed

from dynax import envs
from dynax.architectures import LagrangianDynamicsModel, MechanicalDynamicsModel, RigidDynamicsModel
from dynax.data.simulate import simulate
from dynax.data.trajectories import Trajectories
from dynax.envs import MjcfEnv
from dynax.training import losses
from dynax.training.training_set import TrainingSet

CONVERGED = '<option iterations="100" ls_iterations="100" tolerance="1e-14"/>'
ARM = """<mujoco><compiler angle="radian"/><option timestep=".004"/>
<default><geom type="capsule" size=".04" mass="1" contype="0" conaffinity="0"/></default><worldbody>
<body><joint name="a" axis="0 1 0" range="-1 1" damping=".2" frictionloss=".3"/><geom fromto="0 0 0 0 0 -.5"/>
<body pos="0 0 -.5"><joint name="b" axis="1 0 0" stiffness="2" armature=".05"/><geom fromto="0 0 0 0 0 -.4"/></body>
</body></worldbody><actuator><motor joint="a" gear="5"/><position joint="b" kp="3" kv=".2"/></actuator></mujoco>"""


def robot(mjcf, decimation=1, integrator="Euler"):
    """Return a robot with a converged solver."""
    option = f'{CONVERGED}<option integrator="{integrator}"/></mujoco>'
    return MjcfEnv(xml="robot.xml", mjcf=mjcf.replace("</mujoco>", option), decimation=decimation)


def trajectories(env, n, length):
    rng = np.random.default_rng(0)
    actions = rng.uniform(-1, 1, (n, length, env.action_dim))
    return Trajectories(simulate(env, env.sample_states(rng, n), actions, "native"), actions)


def arm(*control):
    return robot(ARM, *control)


def hopper(*control):
    return robot(envs.make({"name": "hopper"}).mjcf, *control)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "decimation", "integrator"), [(arm, 5, "implicitfast"), (arm, 2, "RK4"), (hopper, 2, "RK4")]
)
def test_with_true_constants_a_control_step_is_that_of_mujoco(make, decimation, integrator):
    """From states after the first: the reset places the hopper on the floor, at a contact distance of 0.

    There, rounding decides whether a contact is active: MuJoCo computes a distance of -4e-17, and the model 4e-17.
    """
    env = make(decimation, integrator)
    data, rng = trajectories(env, 50, 20), np.random.default_rng(0)
    model = RigidDynamicsModel(env=env)
    assert model.layer is not None
    with jax.enable_x64(True):
        params = {"network": constants(model), "layer": {k: jnp.zeros(x) for k, x in model.layer.factor_shapes.items()}}
        given = {"params": params, "normalization": model.identity_normalization()}
        i, t = np.arange(50), rng.integers(1, 20, 50)
        predicted = jax.jit(model.predict)(given, data.states[i, t][:, None], data.actions[i, t][:, None])
    error = env.space.difference(data.states[i, t + 1], np.asarray(predicted))
    np.testing.assert_allclose(error, 0, atol=1e-11)


MODELS = {"lagrangian": LagrangianDynamicsModel, "mechanical": MechanicalDynamicsModel}
OPTIONS = {"lagrangian": {}, "mechanical": {"hidden_dims": (8,), "constraints": "none"}}


def path(name, env, steps, decimation, **options):
    """Return the prediction of a model with random parameters, at the times of the control steps."""
    model = MODELS[name](env=env, **OPTIONS[name], **options)
    variables = {**skewed(model), "normalization": model.identity_normalization()}
    rng = np.random.default_rng(0)
    states, actions = env.sample_states(rng, 8), rng.uniform(-1, 1, (8, steps, env.action_dim))
    repeats = decimation // env.decimation
    return model.rollout(states, np.repeat(actions, repeats, axis=1), variables)[:, ::repeats]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lagrangian", "mechanical"])
def test_a_control_step_is_several_physics_steps_with_one_action(name):
    """Under joint limits and dry friction, for `lagrangian`."""
    one, five = (path(name, arm(decimation, "Euler"), 6, 5) for decimation in (1, 5))
    np.testing.assert_allclose(five, one, rtol=1e-4, atol=1e-4)
    assert np.abs(np.diff(one, axis=1)).max() > 0.1


@pytest.mark.slow
def test_runge_kutta_steps_are_more_accurate_than_their_length():
    """A step of RK4 is as accurate as four steps of a quarter of the length. A semi-implicit step is not."""
    finer = ARM.replace('timestep=".004"', 'timestep=".001"')
    errors = []
    for integrator in ("RK4", "Euler"):
        coarse = path("lagrangian", robot(ARM, 1, integrator), 5, 1, constraints="none")
        fine = path("lagrangian", robot(finer, 4, integrator), 5, 4, constraints="none")
        errors.append(np.abs(coarse - fine).max())
    assert errors[0] < 1e-4
    assert errors[1] > 10 * errors[0]


@pytest.mark.slow
def test_gradients_of_the_training_error_are_finite():
    """At all states, although some are at joint limits or have dry friction."""
    env = arm(2, "Euler")
    model = RigidDynamicsModel(env=env)
    train = TrainingSet.of(model, trajectories(env, 10, 20))
    variables = model.create(jax.random.PRNGKey(0), train.normalization)

    @jax.jit
    @jax.grad
    def gradient(params):
        given = {**variables, "params": params}
        return losses.mse(losses.one_step(model, given, train.samples, jnp.asarray(train.window_ends())))

    leaves = jax.tree.leaves(gradient(variables["params"]))
    assert all(np.isfinite(x).all() for x in leaves)
    assert max(np.abs(x).max() for x in leaves) > 0
