"""A load that a model is not told of: what a history is worth on top of MuJoCo's constraint solve.

    python -m benchmarks.payload
    python -m benchmarks.payload --table [--write]

A hopper carries a load in its torso, another one for every `EACH` trajectories; the models have the MJCF of the empty
hopper. Those that see one state can only learn what is so on average. Those that see several may tell the load from how
it moved. They are judged on loads they were not trained with, by the time that predictions from where the histories end
stay valid. The results go to `benchmarks/results/payload.json`, and `--write` puts the table into docs/fidelity.md.
"""

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.common import RESULTS, header, markdown
from benchmarks.document import ROOT, filled, measured_by
from dynax.architectures import MechanicalDynamicsModel, MLPDynamicsModel, TransformerDynamicsModel
from dynax.base import BaseDynamicsModel
from dynax.cli.console import duration
from dynax.config.schema import TrainingConfig
from dynax.data.source import Source
from dynax.data.trajectories import Trajectories
from dynax.envs import HopperEnv
from dynax.evaluation import metrics
from dynax.excitations.mixed import Mixed
from dynax.excitations.piecewise_constant import PiecewiseConstant
from dynax.runs.files import write_json
from dynax.training.fitting import train_dynamics_model

FILE, DOCUMENT = RESULTS / "payload.json", ROOT / "docs" / "fidelity.md"
EMPTY, LOADS = 3.6, (0.0, 3.0)  # kg: the torso, and the range of what it carries
TRAIN, TEST = 40, 16  # loads
EACH, STEPS = 25, 300  # trajectories of a load, and control steps of each
HISTORY, SECONDS = 16, 2.0
EPOCHS = 6
LAYER = {"constraints": "layer"}
MODELS: dict[str, tuple[type[BaseDynamicsModel], dict[str, Any]]] = {
    "mechanical, one state": (MechanicalDynamicsModel, LAYER),
    "mlp, one state": (MLPDynamicsModel, LAYER),
    f"mlp, {HISTORY} states": (MLPDynamicsModel, LAYER | {"history": HISTORY}),
    f"transformer, {HISTORY} states": (TransformerDynamicsModel, LAYER | {"history": HISTORY}),
}


def loaded(mass: float) -> HopperEnv:
    """A hopper that carries `mass`, kg."""
    empty = HopperEnv()
    own = f'mass="{EMPTY}"'
    if empty.mjcf.count(own) != 1:
        raise ValueError(f"the hopper's MJCF has not one {own}")
    return replace(empty, mjcf=empty.mjcf.replace(own, f'mass="{EMPTY + mass}"'))


def trajectories(excitation: Any, loads: np.ndarray, seed: int, steps: int) -> Trajectories:
    """`EACH` of every load."""
    sources = (Source(loaded(mass), excitation, seed + i, steps) for i, mass in enumerate(loads))
    parts = [source.trajectories(0, EACH, "native")[0] for source in sources]
    return Trajectories(np.concatenate([p.states for p in parts]), np.concatenate([p.actions for p in parts]))


def measure() -> Iterator[dict[str, Any]]:
    """A result a model."""
    rng, env = np.random.default_rng(0), HopperEnv()
    data = trajectories(Mixed(), rng.uniform(*LOADS, TRAIN), 0, STEPS)
    test = trajectories(PiecewiseConstant(), rng.uniform(*LOADS, TEST), 1000, HISTORY - 1 + round(SECONDS / env.dt))
    order = rng.permutation(len(data))  # so that each load is trained with and validated
    train, val = Trajectories(data.states[order], data.actions[order]).split(0.1)
    scale = metrics.state_std(env.space, test.states)
    for name, (cls, options) in MODELS.items():
        model = cls(env=env, **options)
        begun = time.monotonic()
        variables = train_dynamics_model(model, train, val, TrainingConfig(num_epochs=EPOCHS))
        seconds = time.monotonic() - begun
        first, start = model.history, HISTORY - model.history
        states = test.states[:, start:HISTORY] if first > 1 else test.states[:, start]
        predicted = np.asarray(model.rollout(states, test.actions[:, start:], variables))
        error = metrics.normalized_error(env.space, test.states[:, HISTORY - 1 :], predicted, scale)
        yield {
            "model": name,
            "vpt": {str(x): metrics.valid_time(error, x, env.dt).median for x in metrics.THRESHOLDS},
            "nrmse": float(metrics.nrmse(error)[1]),
            "wall_s": seconds,
        }


def table(results: list[dict[str, Any]]) -> str:
    """A line a model."""
    columns = ("on the layer", *(f"VPT({x})" for x in metrics.THRESHOLDS), "one-step nRMSE", "wall time")
    lines = [
        [r["model"], *(f"{time:.2f} s" for time in r["vpt"].values()), f"{r['nrmse']:.2g}", duration(r["wall_s"])]
        for r in results
    ]
    return markdown(columns, lines)


def committed() -> str:
    """The table of the committed results."""
    content = json.loads(FILE.read_text())
    return f"{table(content['results'])}\n\n{measured_by(content, [content['commit']])}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", action="store_true", help="print what is committed")
    parser.add_argument("--write", action="store_true", help="with --table: into docs/fidelity.md")
    args = parser.parse_args()
    if args.table:
        print(committed())
        if args.write:
            DOCUMENT.write_text(filled(DOCUMENT.read_text(), {"payload": committed()}))
    else:
        content = header()
        write_json(FILE, {**content, "results": list(measure())})
        print(committed())
