"""A load that the model does not contain: how much a history of states helps to predict its effect.

    python -m benchmarks.payload
    python -m benchmarks.payload --table [--write]

A hopper carries a load in its torso, a different load in every `TRAJECTORIES_PER_LOAD` trajectories. All models have
the MJCF of the hopper without a load, and MuJoCo's constraint solver. A model of one state can only learn the average
load. A model with a history can estimate the load from the recent motion. The test uses loads that do not occur in
training. Its predictions start at the end of the histories. The results are in `benchmarks/results/payload.json`, and
`--write` copies their table into docs/fidelity.md.
"""

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.common import RESULTS, header, markdown
from benchmarks.document import ROOT, committed_table, filled
from dynax.architectures import MechanicalDynamicsModel, MLPDynamicsModel, TransformerDynamicsModel
from dynax.base import BaseDynamicsModel
from dynax.cli.console import duration
from dynax.config.schema import TrainingConfig
from dynax.data.source import TrajectorySource
from dynax.data.trajectories import Trajectories
from dynax.envs import HopperEnv
from dynax.evaluation.metrics import THRESHOLDS, state_std
from dynax.evaluation.scores import score
from dynax.evaluation.testset import TestSet
from dynax.excitations import Excitation
from dynax.excitations.mixed import Mixed
from dynax.excitations.piecewise_constant import PiecewiseConstant
from dynax.runs.files import write_json
from dynax.training.fitting import train_dynamics_model

FILE, DOCUMENT = RESULTS / "payload.json", ROOT / "docs" / "fidelity.md"
TORSO_MASS, LOAD_RANGE = 3.6, (0.0, 3.0)  # kg
TRAIN_LOADS, TEST_LOADS = 40, 16
TRAJECTORIES_PER_LOAD, STEPS = 25, 300
HISTORY, SECONDS = 17, 2.0  # longest history, states; length of a test, s
EPOCHS = 6
LAYER = {"constraints": "layer"}
MODELS: dict[str, tuple[type[BaseDynamicsModel], dict[str, Any]]] = {
    "mechanical, one state": (MechanicalDynamicsModel, LAYER),
    "mlp, one state": (MLPDynamicsModel, LAYER),
    f"mlp, {HISTORY} states": (MLPDynamicsModel, LAYER | {"history": HISTORY}),
    f"transformer, {HISTORY} states": (TransformerDynamicsModel, LAYER | {"history": HISTORY}),
}


def loaded(load: float) -> HopperEnv:
    """Return a hopper with a load (kg) in its torso."""
    empty = HopperEnv()
    mass = f'mass="{TORSO_MASS}"'
    if empty.mjcf.count(mass) != 1:
        raise ValueError(f"the hopper's MJCF must contain {mass} exactly once")
    return replace(empty, mjcf=empty.mjcf.replace(mass, f'mass="{TORSO_MASS + load}"'))


def trajectories(excitation: Excitation, loads: np.ndarray, seed: int, steps: int) -> Trajectories:
    """Return `TRAJECTORIES_PER_LOAD` trajectories with each load."""
    sources = (TrajectorySource(loaded(load), excitation, seed + i, steps) for i, load in enumerate(loads))
    parts = [source.trajectories(0, TRAJECTORIES_PER_LOAD, "native")[0] for source in sources]
    return Trajectories(np.concatenate([p.states for p in parts]), np.concatenate([p.actions for p in parts]))


def measure() -> Iterator[dict[str, Any]]:
    """Yield one result per model."""
    rng, env = np.random.default_rng(0), HopperEnv()
    data = trajectories(Mixed(), rng.uniform(*LOAD_RANGE, TRAIN_LOADS), 0, STEPS)
    test_steps = HISTORY - 1 + round(SECONDS / env.dt)
    test_data = trajectories(PiecewiseConstant(), rng.uniform(*LOAD_RANGE, TEST_LOADS), 1000, test_steps)
    order = rng.permutation(len(data))  # so that training and validation contain all loads
    train, val = Trajectories(data.states[order], data.actions[order]).split(0.1)
    for name, (cls, options) in MODELS.items():
        yield {"model": name, **_train_and_test(cls(env=env, **options), train, val, TestSet(test_data, HISTORY - 1))}


def _train_and_test(model: BaseDynamicsModel, train: Trajectories, val: Trajectories, test: TestSet) -> dict[str, Any]:
    start = time.monotonic()
    params = train_dynamics_model(model, train, val, TrainingConfig(num_epochs=EPOCHS))
    wall_time = time.monotonic() - start
    predicted = np.asarray(model.rollout(*test.inputs(model.history), params))
    std = state_std(model.env.space, test.trajectories.states)
    result = score(model.env.space, test.truth, predicted, std)
    return {
        "vpt": {str(valid.threshold): valid.median for valid in result.valid_times},
        "nrmse": float(result.nrmse[1]),
        "wall_s": wall_time,
    }


def table(results: Sequence[dict[str, Any]]) -> str:
    """Return the table, one row per model."""
    columns = ("model", *(f"VPT({x})" for x in THRESHOLDS), "one-step nRMSE", "wall time")
    rows = [
        [r["model"], *(f"{time:.2f} s" for time in r["vpt"].values()), f"{r['nrmse']:.2g}", duration(r["wall_s"])]
        for r in results
    ]
    return markdown(columns, rows)


def committed() -> str:
    """Return the table of the committed results."""
    return committed_table(FILE, table)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", action="store_true", help="print the table of the committed results")
    parser.add_argument("--write", action="store_true", help="with --table: write the table into docs/fidelity.md")
    args = parser.parse_args()
    if args.table:
        print(committed())
        if args.write:
            DOCUMENT.write_text(filled(DOCUMENT.read_text(), {"payload": committed()}))
    else:
        content = header()
        write_json(FILE, {**content, "results": list(measure())})
        print(committed())
