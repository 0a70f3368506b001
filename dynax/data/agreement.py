"""Agreement of MJX with C MuJoCo, because MJX ignores some features of a model without an error."""

from dataclasses import dataclass

import mujoco
import numpy as np
from jaxtyping import Bool, Float

from dynax.data.simulate import simulate
from dynax.envs import Env
from dynax.envs.state_space import StateSpace

DRAWS = 16  # random states, each simulated for one control step
MAX_RELATIVE = 3e-4  # accepted difference, relative to the largest change of a coordinate of the same kind
ROUNDING_FACTOR = 100.0  # accepted difference, relative to the effect of rounding the state to float32
MAX_ROUNDING = 1e-5  # accepted difference, relative to the largest coordinate of the same kind
EQUALITY = int(mujoco.mjtConstraint.mjCNSTR_EQUALITY)


@dataclass(frozen=True)
class Agreement:
    """The comparison of MJX with C MuJoCo on a few control steps."""

    fault: str  # a clause about steps without contacts and equality constraints; empty if both simulators agree
    in_contact: str  # a clause about steps with contacts or equality constraints; empty if both simulators agree


def compare(env: Env) -> Agreement:
    """Compare control steps of both simulators from random states under random actions."""
    rng = np.random.default_rng(0)
    low, high = env.action_bounds
    states = env.sample_states(rng, DRAWS).astype(np.float32)
    actions = rng.uniform(low, high, (DRAWS, 1, env.action_dim)).astype(np.float32)
    nudged = np.nextafter(states, np.float32(np.inf)).astype(float)
    exact, rounded = states.astype(float), actions.astype(float)
    native, by_mjx = simulate(env, exact, rounded, "native")[:, 1], simulate(env, states, actions, "mjx")[:, 1]
    effect = env.space.difference(native, simulate(env, nudged, rounded, "native")[:, 1])
    constrained = np.array([_is_constrained(env, *draw) for draw in zip(exact, rounded[:, 0], strict=True)])
    return judge(env.space, exact, native, by_mjx.astype(float), effect, constrained)


def judge(
    space: StateSpace,
    start: Float[np.ndarray, "n s"],
    native: Float[np.ndarray, "n s"],
    by_mjx: Float[np.ndarray, "n s"],
    effect: Float[np.ndarray, "n t"],
    constrained: Bool[np.ndarray, " n"],
) -> Agreement:
    """Return the agreement of two simulators.

    Args:
        space: the coordinates of the robot.
        start: initial states.
        native, by_mjx: the states that follow in C MuJoCo and in MJX. Draws that diverge in C MuJoCo are ignored.
        effect: change of `native` if the initial states are rounded, as a difference of states.
        constrained: mask of the draws in which a contact or an equality constraint is active.
    """
    valid = np.isfinite(native).all(axis=1)
    change, error = space.difference(start, native), np.abs(space.difference(native, by_mjx))
    error = np.where(np.isfinite(error), error, np.inf)
    kinds = np.split(np.arange(space.tangent_dim), [space.nv, 2 * space.nv])  # positions, velocities, activations
    limit, size = np.zeros(space.tangent_dim), space.difference(space.default_state, native)
    for kind in kinds:
        scales = (MAX_RELATIVE, change), (ROUNDING_FACTOR, effect), (MAX_ROUNDING, size)
        limit[kind] = sum(factor * np.abs(x[valid][:, kind]).max(initial=0) for factor, x in scales)
    clauses = []
    for draws in (valid & ~constrained, valid & constrained):
        excess = (error[draws] - limit).max(axis=0, initial=-np.inf)
        worst = int(excess.argmax())
        differs = excess[worst] > 0
        clauses.append(_clause(space, worst, error[draws][:, worst], change[draws][:, worst]) if differs else "")
    return Agreement(*clauses)


def _clause(space: StateSpace, c: int, error: Float[np.ndarray, " k"], change: Float[np.ndarray, " k"]) -> str:
    i, unit = int(error.argmax()), space.units[c]
    return (
        f"the coordinate `{space.labels[c]}` differs from C MuJoCo by {error[i]:.2g} {unit} after one control step, in "
        f"which it changes by {abs(change[i]):.2g} {unit}"
    )


def _is_constrained(env: Env, state: Float[np.ndarray, " s"], action: Float[np.ndarray, " u"]) -> bool:
    """Return whether a contact or an equality constraint is active in a control step."""
    model, space, nu = env.sim_model, env.space, env.sim_model.nu
    data = mujoco.MjData(model)
    data.qpos[:], data.qvel[:], data.act[:] = space.qpos(state), space.qvel(state), space.act(state)
    data.ctrl[:] = action[:nu]
    data.mocap_pos[:] = action[nu : nu + 3 * model.nmocap].reshape(-1, 3)
    data.mocap_quat[:] = action[nu + 3 * model.nmocap :].reshape(-1, 4)
    for _ in range(env.decimation):
        mujoco.mj_step(model, data)
        if data.ncon or (data.efc_type == EQUALITY).any():
            return True
    return False
