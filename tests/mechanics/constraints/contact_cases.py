"""Robots that touch the floor and themselves, with MuJoCo's data at random states."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import jax
import mujoco
import numpy as np

from dynax.mechanics.constraints import ContactMotion, ContactRows
from dynax.mechanics.constraints.rows import BoundedRows, ConeRows

OPTION = (
    '<option timestep=".004" cone="{cone}" impratio="{impratio}" solver="Newton" iterations="100" ls_iterations="100" '
    'tolerance="1e-14" ls_tolerance="1e-8"/>'
)
FLOOR = '<geom name="floor" type="plane" size="5 5 1" condim="1" friction=".1 .002 .0002"/>'
BODIES = {
    "sphere": '<body><freejoint/><geom type="sphere" size=".1" condim="{condim}" friction=".8 .02 .01" {geom}/></body>',
    "capsule": '<body><freejoint/><geom type="capsule" size=".05 .1" condim="{condim}" friction=".6 .01 .02" {geom}/>'
    "</body>",
    "box": '<body><freejoint/><geom type="box" size=".1 .05 .15" condim="{condim}" friction=".9 .03 .01" {geom}/>'
    "</body>",
    "pair": '<body><freejoint/><geom type="sphere" size=".1" condim="{condim}" friction=".8 .02 .01" {geom}/></body>'
    '<body><freejoint/><geom type="capsule" size=".05 .1" condim="{condim}" friction=".6 .01 .02"/></body>',
    "leg": '<body><freejoint/><geom type="sphere" size=".1" condim="{condim}" friction=".8 .02 .01" {geom}/>'
    '<body pos="0 0 -.1"><joint axis="0 1 0" range="-30 20" frictionloss=".3" armature=".01"/>'
    '<geom type="capsule" size=".03" fromto="0 0 0 0 0 -.2" condim="{condim}" friction=".5 .01 .01"/>'
    '<body pos="0 0 -.2"><joint type="ball" range="0 40" frictionloss=".05" armature=".01"/>'
    '<geom type="capsule" size=".03" fromto="0 0 -.06 .1 0 -.06" condim="{condim}"/></body></body></body>',
}
BODIES["explicit"] = (
    '<body><freejoint/><geom name="ball" size=".1"/>'
    '<geom name="rod" type="capsule" size=".05" fromto=".2 0 0 .2 0 .3"/></body>'
)
SOFT = 'solref="-800 -20" solimp=".5 .95 .03 .3 3" margin=".01" gap=".02"'
PAIRS = {  # only a `<pair>` can have a `solreffriction`
    "explicit": '<pair geom1="floor" geom2="ball" condim="{condim}" '
    'friction=".8 .4 .02 .01 .02" solreffriction=".05 1"/>'
    '<pair geom1="floor" geom2="rod" condim="{condim}" solreffriction="-100 -30"/>'
}


def model(body: str, condim: int = 3, cone: str = "pyramidal", impratio: float = 1.0, geom: str = "") -> mujoco.MjModel:
    """Return a model with one of `BODIES` over a floor."""
    world = FLOOR + BODIES[body].format(condim=condim, geom=geom)
    option = OPTION.format(cone=cone, impratio=impratio)
    pairs = PAIRS.get(body, "").format(condim=condim)
    xml = f"<mujoco>{option}<worldbody>{world}</worldbody><contact>{pairs}</contact></mujoco>"
    return mujoco.MjModel.from_xml_string(xml)


SLOTS = 10  # contact slots; unused slots have a contact that is too far away


@dataclass(frozen=True)
class Moment:
    """MuJoCo's data at one state; the first `data.ncon` slots are its contacts, in its order."""

    data: mujoco.MjData
    state: np.ndarray
    mass_matrix: np.ndarray
    rows: ContactRows
    motion: ContactMotion


def moments(model: mujoco.MjModel, count: int, seed: int = 0) -> list[Moment]:
    """Return `count` random states with contacts."""
    rng, result = np.random.default_rng(seed), []
    while len(result) < count:
        if (candidate := moment(model, rng)) is not None:
            result.append(candidate)
    return result


def moment(model: mujoco.MjModel, rng: np.random.Generator) -> Moment | None:
    """Return a random moving state near the floor, or None if it has no contacts or too many."""
    data = mujoco.MjData(model)
    mujoco.mj_resetData(model, data)
    data.qvel[:] = rng.normal(size=model.nv) * 0.3
    for joint in range(model.njnt):
        at = model.jnt_qposadr[joint]
        match model.jnt_type[joint]:
            case mujoco.mjtJoint.mjJNT_FREE:
                data.qpos[at : at + 3] = rng.uniform([-0.05, -0.05, 0.04], [0.05, 0.05, 0.22])
                data.qpos[at + 3 : at + 7] = rng.normal(size=4)
            case mujoco.mjtJoint.mjJNT_BALL:
                data.qpos[at : at + 4] = rng.normal(size=4) * 0.5 + rng.choice([-1, 1]) * np.array([1, 0, 0, 0])
            case _:
                data.qpos[at] = rng.uniform(-0.7, 0.7)
    mujoco.mj_normalizeQuat(model, data.qpos)
    data.qfrc_applied[:] = rng.normal(size=model.nv)
    mujoco.mj_forward(model, data)
    if not 0 < data.ncon <= SLOTS:
        return None
    mass_matrix = np.zeros((model.nv, model.nv))
    mujoco.mj_fullM(model, data, mass_matrix)
    return Moment(data, np.concatenate([data.qpos, data.qvel]), mass_matrix, *contacts(model, data))


def contacts(model: mujoco.MjModel, data: mujoco.MjData) -> tuple[ContactRows, ContactMotion]:
    """Return the rows and motion of the contacts of `data`, one slot for each contact."""
    slot = np.where(np.arange(SLOTS) < data.ncon, np.arange(SLOTS), 0)
    contact = data.contact
    body1, body2 = model.geom_bodyid[contact.geom].T
    linear, angular = np.zeros((2, data.ncon, 3, model.nv))
    for i, point in enumerate(contact.pos):
        for sign, body in ((-1, body1[i]), (1, body2[i])):
            jacobian = np.zeros((2, 3, model.nv))
            mujoco.mj_jac(model, data, jacobian[0], jacobian[1], point, body)
            linear[i] += sign * jacobian[0]
            angular[i] += sign * jacobian[1]
    parameters = SimpleNamespace(
        condim=contact.dim[slot],
        friction=contact.friction[slot],
        solref=contact.solref[slot],
        solreffriction=contact.solreffriction[slot],
        solimp=contact.solimp[slot],
        margin=contact.includemargin[slot],
    )
    geom1, geom2 = contact.geom[slot].T
    slots = SimpleNamespace(parameters=parameters, geom1=geom1, geom2=geom2, body1=body1[slot], body2=body2[slot])
    rows = ContactRows.of(model, slots, group=np.zeros(SLOTS, int))
    distance = np.where(np.arange(SLOTS) < data.ncon, contact.dist[slot], 1.0)
    frame = contact.frame.reshape(-1, 3, 3)[slot]
    return rows, ContactMotion(distance, frame @ linear[slot], frame @ angular[slot])


def all_rows(
    rows: ContactRows, motion: ContactMotion, velocity: Any, factor: dict[str, Any]
) -> list[BoundedRows | ConeRows]:
    """Return the rows of all slots."""
    return [
        rows.rows(jax.tree.map(lambda x, slots=slots: x[slots], motion), condim, slots, velocity, factor)
        for condim, slots in rows.slots_by_condim.items()
    ]


def ones(rows: ContactRows) -> dict[str, np.ndarray]:
    """Return factors of one, which keep the parameters of the MJCF."""
    return {name: np.ones(shape) for name, shape in rows.factor_shapes.items()}
