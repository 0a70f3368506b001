"""The quadratic model: a polynomial of the velocities and the actions at every position."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dynax.architectures import QuadraticDynamicsModel
from dynax.config.schema import TrainingConfig
from dynax.data.simulate import simulate
from dynax.data.trajectories import Trajectories
from dynax.envs import MjcfEnv
from dynax.training import fitting

MASS, DAMPING, DT = 2.0, 0.5, 0.02
SLIDES = f"""<mujoco><option timestep="{DT}" gravity="0 0 0"/><default><geom size=".1" mass="{MASS}" contype="0"
conaffinity="0"/></default><worldbody><body><joint name="x" type="slide" axis="1 0 0" damping="{DAMPING}"/><geom/>
<body><joint name="y" type="slide" axis="0 1 0"/><geom/></body></body></worldbody>
<actuator><motor joint="x"/><motor joint="y"/></actuator></mujoco>"""


@pytest.fixture(scope="module")
def free(robots):
    """A quadratic model of three links with random weights, as a function of a state and an action, float64."""
    model = QuadraticDynamicsModel(env=robots["three_link"], hidden_dims=(8,), activation="tanh")
    rng = np.random.default_rng(0)
    sizes = {name: len(each["mean"]) for name, each in model.identity_normalization().items()}
    statistics = {k: {"mean": rng.normal(0, 0.1, n), "std": rng.uniform(0.5, 2, n)} for k, n in sizes.items()}
    network = {"params": model.create(jax.random.PRNGKey(0), jax.tree.map(np.float32, statistics))["params"]["network"]}

    @jax.jit
    def change(state, action):
        double = jax.tree.map(lambda x: jnp.asarray(x, jnp.float64), (network, statistics))
        return model.apply(double[0], state[None], action[None], double[1], method="unconstrained").change

    def called(*args):
        with jax.enable_x64(True):
            return np.asarray(change(*map(np.asarray, args)))

    return called


def along(function, at, direction, number):
    """The value of a function at `number` points of a straight line."""
    return np.array([function(at + t * direction) for t in np.linspace(-1, 1, number)])


@pytest.mark.parametrize("seed", range(3))
def test_it_is_quadratic_in_the_velocities(free, seed):
    rng = np.random.default_rng(seed)
    q, v, direction, u = rng.normal(size=(4, 3)) * 3
    values = along(lambda v: free(np.concatenate([q, v]), u), v, direction, 4)
    np.testing.assert_allclose(np.diff(values, 3, axis=0), 0, atol=1e-12)
    assert np.abs(np.diff(values, 2, axis=0)).max() > 0.01


@pytest.mark.parametrize("seed", range(3))
def test_it_is_affine_in_the_actions(free, seed):
    rng = np.random.default_rng(seed)
    q, v, u, direction = rng.normal(size=(4, 3)) * 3
    values = along(lambda u: free(np.concatenate([q, v]), u), u, direction, 3)
    np.testing.assert_allclose(np.diff(values, 2, axis=0), 0, atol=1e-12)
    assert np.abs(np.diff(values, axis=0)).max() > 0.01


def test_positions_enter_freely(free):
    """Not as a polynomial."""
    direction = np.array([1.0, 1, 1, 0, 0, 0])
    values = along(lambda s: free(s, np.ones(3)), np.ones(6), direction, 5)
    assert np.abs(np.diff(values, 4, axis=0)).min() > 1e-3


@pytest.mark.slow
def test_a_linear_system_is_learned():
    """The positions of two slides are invariant, so the coefficients are constants."""
    env = MjcfEnv(xml="slides.xml", mjcf=SLIDES)
    rng = np.random.default_rng(0)
    states, actions = env.sample_states(rng, 16), rng.uniform(-1, 1, (16, 40, 2))
    data = Trajectories(simulate(env, states, actions, "native"), actions)
    model = QuadraticDynamicsModel(env=env, hidden_dims=())
    config = TrainingConfig(
        num_epochs=1, optimizer="adam", loss="mse", finetune="levenberg_marquardt", finetune_steps=20
    )
    variables = fitting.train_dynamics_model(model, *data.split(0.25), config, jax.random.PRNGKey(0))
    inertia = np.array([2 * MASS + DT * DAMPING, MASS])  # of both bodies, and of the second
    for _ in range(5):
        state, action = rng.normal(size=(1, 4)), rng.uniform(-1, 1, (1, 1, 2))
        following = model.rollout(state, action, variables)[0, 1]
        expected = state[0, 2:] + DT * (action[0, 0] - [DAMPING * state[0, 2], 0]) / inertia
        np.testing.assert_allclose(following[2:], expected, atol=1e-6)
