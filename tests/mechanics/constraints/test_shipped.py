"""Tests of the layer with detected contacts and the exact mass matrix, on the shipped robots."""

import jax
import jax.numpy as jnp
import mujoco
import numpy as np
import pytest

from dynax import envs
from dynax.components.constraints import LearnedConstraints
from dynax.data.simulate import simulate
from dynax.excitations.mixed import Mixed
from dynax.mechanics.collision.contacts import Contacts
from dynax.mechanics.constraints import ConstraintLayer, ContactRows, JointRows, UnconstrainedStep

BOX, CAPSULE = int(mujoco.mjtGeom.mjGEOM_BOX), int(mujoco.mjtGeom.mjGEOM_CAPSULE)


def steps(env, n, length, size):
    """Return states (M, S) of simulated trajectories, with their actions (M, A) and next states (M, S)."""
    rng = np.random.default_rng(0)
    states, actions = env.sample_states(rng, n), Mixed()(rng, n, length, env.dt, *env.action_bounds)
    paths = simulate(env, states, actions, "native")
    chosen = rng.permutation(n * length)[:size]
    return (x.reshape(n * length, -1)[chosen] for x in (paths[:, :-1], actions, paths[:, 1:]))


def moments(env, states, actions):
    """Return mass matrices (M, nv, nv), unconstrained changes of velocity (M, nv), and types of touching geoms."""
    model = env.mj_model
    data, inertias, frees, touching = mujoco.MjData(model), [], [], []
    for state, action in zip(states, actions, strict=True):
        data.qpos, data.qvel, data.ctrl = state[: model.nq], state[model.nq :], action
        mujoco.mj_forward(model, data)
        mass_matrix = np.zeros((model.nv, model.nv))
        mujoco.mj_fullM(model, data, mass_matrix)
        implicit = mass_matrix + env.dt * np.diag(model.dof_damping)
        inertias.append(mass_matrix)
        frees.append(env.dt * np.linalg.solve(implicit, mass_matrix @ data.qacc_smooth))
        touching.append({tuple(sorted(model.geom_type[list(pair)])) for pair in data.contact.geom})
    return np.array(inertias), np.array(frees), touching


@pytest.mark.slow
@pytest.mark.parametrize("name", ["hopper", "quadruped", "arm"])
def test_layer_with_detected_contacts_is_one_step_of_mujoco(name):
    """Within 1e-6, except for some states in which a capsule penetrates a box."""
    env = envs.make({"name": name})
    states, actions, following = steps(env, 40, 200, 600)
    inertias, frees, touching = moments(env, states, actions)
    model, nq = env.mj_model, env.space.nq
    contacts = Contacts.of(model)
    layer = LearnedConstraints(
        ConstraintLayer(env.space, JointRows.of(model), ContactRows.of(model, contacts), contacts)
    )

    def change(variables, state, mass_matrix, free):
        return layer.apply(variables, state, UnconstrainedStep(free, mass_matrix, jnp.asarray(model.dof_damping)))

    with jax.enable_x64(True):
        variables = jax.tree.map(
            lambda x: jnp.zeros(x.shape),
            jax.eval_shape(
                lambda s, m, f: layer.init(jax.random.key(0), s, UnconstrainedStep(f, m)),
                states[0],
                inertias[0],
                frees[0],
            ),
        )
        result = jax.jit(jax.vmap(change, (None, 0, 0, 0)))(variables, states, inertias, frees)
    error = np.abs(np.asarray(result) - (following - states)[:, nq:]).max(axis=1)
    capsule_in_box = np.array([(CAPSULE, BOX) in kinds for kinds in touching])
    assert np.mean([bool(kinds) for kinds in touching]) > 0.2
    assert error[~capsule_in_box].max() < 1e-6
    if capsule_in_box.any():
        assert name == "arm"
        assert np.median(error[capsule_in_box]) < 1e-6
        assert np.quantile(error[capsule_in_box], 0.9) < 0.3  # rad/s
