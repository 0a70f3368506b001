"""The contract of an export: names, units and shapes of its arrays."""

from typing import Any

from dynax.config.schema import ExportConfig
from dynax.envs.state_space import StateSpace
from dynax.export.programs import programs
from dynax.runs.provenance import provenance
from dynax.trained import TrainedModel


def contract(trained: TrainedModel, config: ExportConfig, symbolic: bool) -> dict[str, Any]:
    """Return the content of `contract.json`, except the format and its files.

    Args:
        trained: the model with its parameters.
        config: number of steps of the rollout, and batch size.
        symbolic: whether the exported functions accept any batch size.
    """
    env = trained.env
    low, high = env.action_bounds
    names, units, observed = state_entries(env.space)
    controls, mocap = env.mj_model.nu, env.mj_model.nmocap
    functions = {
        program.name: {"states": program.states, "actions": program.actions, "result": program.result}
        for program in programs(trained, config, "batch" if symbolic else config.batch)
    }
    return {
        "robot": env.name,
        "model": trained.model.architecture,
        "dt_s": env.dt,
        "history": trained.history_length,
        "steps": config.steps,
        "dtype": "float32",
        "state": {"names": names, "units": units, "observed": observed},
        "action": {
            "names": list(env.action_names),
            "units": ["control"] * controls + ["m"] * 3 * mocap + ["1"] * 4 * mocap,
            "low": low.tolist(),
            "high": high.tolist(),
        },
        "functions": functions,
        "versions": provenance()["versions"],
    }


def state_entries(space: StateSpace) -> tuple[list[str], list[str], list[bool]]:
    """Return name, unit and observed flag of each entry of a state. An orientation has four entries without a unit."""
    nv, names, units, observed = space.nv, [], [], []
    for _, v, is_orientation in space.blocks:
        if is_orientation:
            joint = space.names[v.start].removesuffix(" rx")
            names += [f"{joint} q{axis}" for axis in "wxyz"]
            units += ["1"] * 4
            observed += [bool(space.observed[v].any())] * 4
        else:
            names += space.names[v]
            units += space.position_units[v]
            observed += space.observed[:nv][v].tolist()
    return [*names, *space.labels[nv:]], [*units, *space.units[nv:]], [*observed, *space.observed[nv:].tolist()]
