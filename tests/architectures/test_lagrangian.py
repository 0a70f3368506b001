"""The Lagrangian model: laws of mechanics for any parameters, and learned robots."""

import dataclasses
import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from marks import slow

from dynax.architectures import LagrangianDynamicsModel, embedding, lagrangian
from dynax.config.schema import TrainingConfig
from dynax.data.simulate import simulate, simulate_rounded
from dynax.data.trajectories import Trajectories
from dynax.envs import MjcfEnv
from dynax.envs.resets.keyframe import KeyframeReset
from dynax.errors import UserError
from dynax.evaluation.metrics import normalized_error, state_std
from dynax.training import fitting

ROD = 'type="capsule" fromto="0 0 0 0 0 -1" size=".05" contype="0" conaffinity="0"'


def chain(joints, actuators="", option=""):
    """A chain of rods, with a joint between neighbors."""
    bodies = "".join(f'<body pos="0 0 {-bool(i)}"><joint name="j{i}" {x}/><geom {ROD}/>' for i, x in enumerate(joints))
    bodies += "</body>" * len(joints)
    text = f"<mujoco><option {option}/><worldbody>{bodies}</worldbody><actuator>{actuators}</actuator></mujoco>"
    return MjcfEnv(xml="chain.xml", mjcf=text)


HINGE, SLIDE = 'axis="0 1 0"', 'type="slide" axis="1 0 0"'
CHAINS = {
    "three_hinges": chain([HINGE] * 3),
    "crane": chain([SLIDE, HINGE, 'type="slide" axis="0 0 1"', HINGE]),
    "long": chain([HINGE] * 5),
    "sliders": chain([SLIDE, 'type="slide" axis="0 0 1"']),
}


def parameters(model, seed=0):
    """Parameters that all differ from their initial values."""
    statistics = model.identity_normalization()
    leaves, tree = jax.tree.flatten(model.create(jax.random.PRNGKey(seed), statistics)["params"]["network"])
    rng = np.random.default_rng(seed)
    return jax.tree.unflatten(tree, [x + 0.3 * rng.normal(size=x.shape) for x in leaves])


def motion(model, params):
    """Function of q, v, u that returns the acceleration without implicit damping, the mass matrix and the damping."""

    def free(q, v, u=None):
        state, action = jnp.concatenate([q, v])[None], jnp.zeros((1, model.action_dim)) if u is None else u[None]
        step = model.apply({"params": params}, state, action, {}, method="unconstrained")
        implicit = step.mass_matrix + model.env.dt * jnp.diag(step.damping)
        return jnp.linalg.solve(step.mass_matrix, implicit @ step.change) / model.env.dt, step.mass_matrix, step.damping

    return free


@pytest.mark.parametrize("forces", ['<motor joint="a" forcerange="-1 1"/>', '<motor joint="a" armature=".1"/>'])
def test_other_forces_are_an_error(forces):
    xml = f"""<mujoco><worldbody><body><joint name="a"/><geom size=".1"/></body></worldbody>
    <actuator>{forces}</actuator></mujoco>"""
    with pytest.raises(UserError, match=r"lagrangian.* t: actuator `0`"):
        LagrangianDynamicsModel(env=MjcfEnv(xml="t.xml", mjcf=xml))


@pytest.mark.slow
@pytest.mark.parametrize("name", CHAINS)
def test_the_mass_matrix_is_symmetric_and_positive_definite(name):
    model = LagrangianDynamicsModel(env=CHAINS[name])
    with jax.enable_x64(True):
        free = jax.jit(motion(model, parameters(model)))
        for q in np.random.default_rng(0).normal(size=(10, model.env.space.nv)):
            mass_matrix = np.asarray(free(q, q)[1])
            np.testing.assert_allclose(mass_matrix, mass_matrix.T, atol=1e-12)
            assert np.linalg.eigvalsh(mass_matrix).min() > 0


@pytest.mark.parametrize("name", ["crane", *slow("three_hinges", "long", "sliders")])
def test_energy_is_conserved(name):
    """Without damping, friction and motors M a + c = -grad V. Forces have no curl, and c does the work of M only."""
    model = LagrangianDynamicsModel(env=CHAINS[name])
    params = parameters(model) | {"damping": np.zeros(model.env.space.nv)}
    rng = np.random.default_rng(0)
    q, v = rng.normal(size=(2, model.env.space.nv))
    with jax.enable_x64(True):
        free = motion(model, params)

        def push(q):
            acceleration, mass_matrix, _ = free(q, 0 * q)
            return mass_matrix @ acceleration

        def work(q, v):
            """The power of the forces that depend on velocities, and the rate of v^T M v / 2 at constant v."""
            acceleration, mass_matrix, _ = free(q, v)
            rate = jax.jvp(lambda q: free(q, v)[1], (q,), (v,))[1]
            return v @ (mass_matrix @ acceleration - push(q)), v @ rate @ v / 2

        curl = jax.jit(jax.jacfwd(push))(q)
        np.testing.assert_allclose(curl, curl.T, atol=1e-10)
        gained, lost = map(float, jax.jit(work)(q, v))
    assert gained + lost == pytest.approx(0, abs=1e-10)
    assert name == "sliders" or abs(lost) > 0.01


def test_products_are_all_of_one_term_a_joint():
    """A crane with an invariant rail has two terms of a slide and three of each hinge, without the constant."""
    space = CHAINS["crane"].space
    assert space.invariant.tolist() == [True, False, False, False]
    q = np.array([7.0, 0.3, 2.0, -1.1])
    hinge_terms = lambda angle: (1, np.sin(angle), np.cos(angle))  # noqa: E731
    expected = [np.prod(term) for term in itertools.product(hinge_terms(0.3), (1, 2.0), hinge_terms(-1.1))]
    np.testing.assert_allclose(embedding.products(space, q), expected[1:], rtol=1e-6)
    assert embedding.num_products(space) == 17


def test_with_too_many_products_the_embedding_is_a_network():
    counts = {name: embedding.num_products(env.space) for name, env in CHAINS.items()}
    assert counts == {"three_hinges": 26, "crane": 17, "long": 0, "sliders": 0}
    long = LagrangianDynamicsModel(env=CHAINS["long"])
    assert {"kernel_0", "kernel_1", "kernel_2"} <= set(parameters(long))
    assert "kernel_0" not in parameters(LagrangianDynamicsModel(env=CHAINS["sliders"]))


def test_actuators_push_their_own_joints_in_their_own_direction():
    motors = '<motor joint="j1" gear="-3"/><motor joint="j0" gear="2"/><position joint="j1" kp="4"/>'
    assert lagrangian.drive_directions(chain([HINGE] * 2, motors).mj_model).tolist() == [[0, 1, 0], [-1, 0, 1]]


def test_joints_with_springs_or_servos_have_a_position_force():
    model = chain([HINGE, f'{HINGE} stiffness="2"', HINGE], '<motor joint="j0"/><position joint="j2"/>').mj_model
    assert lagrangian.has_position_force(model).tolist() == [False, True, True]


TENDON = """<mujoco><worldbody><body><joint name="a" axis="0 1 0"/><geom size=".1" pos="0 0 -1"/></body></worldbody>
<tendon><fixed name="t"><joint joint="a" coef="2"/></fixed></tendon><actuator><motor tendon="t"/></actuator></mujoco>"""


def test_actuators_that_do_not_act_on_joints_are_an_error():
    with pytest.raises(UserError, match=r"supports only actuators on joints, and t has others: use model=quadratic"):
        LagrangianDynamicsModel(env=MjcfEnv(xml="t.xml", mjcf=TENDON))


@pytest.mark.parametrize(
    ("env", "message"),
    [
        (chain([HINGE], option='integrator="implicit"'), "the integrator IMPLICIT is not Euler, RK4 or implicitfast"),
        (MjcfEnv(xml="t.xml", mjcf=CHAINS["long"].mjcf, observe=("qpos",)), "needs a completely observed robot"),
    ],
    ids=["integrator", "observe"],
)
def test_it_needs_a_known_integrator_and_complete_states(env, message):
    with pytest.raises(UserError, match=message):
        LagrangianDynamicsModel(env=env)


@pytest.mark.parametrize("option", [{"target": "delta"}, {"frame": "world"}])
def test_options_of_features_and_targets_do_not_exist(option):
    with pytest.raises(TypeError, match=next(iter(option))):
        LagrangianDynamicsModel(env=CHAINS["long"], **option)


def test_it_has_no_features():
    with pytest.raises(UserError, match=r"has no features: model.constraints must be none or layer"):
        LagrangianDynamicsModel(env=CHAINS["long"], constraints="features")


def learned(env, num_rollouts, scale=1.0):
    """Errors of rollouts of two hundred steps by a fine-tuned model, and by the simulator in float32: (2, N)."""
    rng = np.random.default_rng(0)
    states, actions = (
        scale * env.sample_states(rng, num_rollouts),
        rng.uniform(-1, 1, (num_rollouts, 100, env.action_dim)),
    )
    data = Trajectories(simulate(env, states, actions, "native"), actions)
    model = LagrangianDynamicsModel(env=env)
    config = TrainingConfig(
        num_epochs=3, batch_size=100, optimizer="adam", loss="mse", learning_rate=0.02, warmup_steps=10,
        finetune="levenberg_marquardt", finetune_steps=100,
    )  # fmt: skip
    variables = fitting.train_dynamics_model(model, *data.split(0.1), config, jax.random.PRNGKey(0))
    states, actions = scale * env.sample_states(rng, 8), rng.uniform(-1, 1, (8, 20, env.action_dim)).repeat(10, axis=1)
    truth = simulate(env, states, actions, "native")
    unit = state_std(env.space, truth)
    paths = model.rollout(states, actions, variables), simulate_rounded(env, states, actions)
    return [normalized_error(env.space, truth, np.asarray(path), unit).max(axis=1) for path in paths]


@pytest.mark.slow
@pytest.mark.parametrize(("decimation", "bound"), [(1, 1e-5), (5, 1e-3)])
def test_a_pendulum_is_learned_to_the_precision_of_float32(decimation, bound, robots):
    """With two thousand transitions.

    The ceiling is the error of the simulator in float32: 2.3e-6 after 200 physics steps. With five physics steps in a
    control step, the rollout has 1,000, and the ceiling is 2.7e-4. Each bound is about four ceilings.
    """
    error, ceiling = learned(dataclasses.replace(robots["pendulum"], decimation=decimation), 22)
    assert np.median(error) < 3 * np.median(ceiling) < bound


@pytest.mark.slow
def test_springs_servos_and_armature_are_learned():
    """To a few hundredths, unlike masses and lengths, which are learned to the precision of float32."""
    first = f'{HINGE} stiffness="4" springref="20" armature=".3" damping=".2"'
    env = chain([first, HINGE], '<position joint="j1" kp="5" kv=".1"/>', 'timestep=".01"')
    error, _ = learned(dataclasses.replace(env, reset=KeyframeReset(hinge=2.0, velocity=4.0)), 20)
    assert np.median(error) < 0.05


@pytest.mark.slow
def test_an_arm_with_joint_limits_is_learned_to_the_precision_of_float32():
    """With two thousand transitions, some of which begin beyond a limit."""
    limits = ((115, 0.3), (126, 0.2))
    joints = [f'{HINGE} range="{-end} {end}" damping="{damping}" armature=".05"' for end, damping in limits]
    motors = "".join(f'<motor joint="j{i}" gear="{gear}" ctrlrange="-1 1"/>' for i, gear in enumerate((12, 6)))
    env = chain(joints, motors, 'timestep=".01" iterations="20" ls_iterations="20" tolerance="1e-10"')
    env = dataclasses.replace(env, reset=KeyframeReset(hinge=2.0, velocity=4.0))
    error, ceiling = learned(env, 20, scale=1.2)
    assert np.median(error) < 3 * np.median(ceiling) < 1e-4
