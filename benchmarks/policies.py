"""Policies that are trained inside a learned model, and the same number of steps in MuJoCo for comparison.

    python -m benchmarks.policies [CASE ...]
    python -m benchmarks.policies --table [--write]

`dynax train` learns the model. PPO of `examples/train_policy.py` trains both policies with the same settings, and each
is tested in the model and in MuJoCo, in 10 episodes. The benchmark needs the extra `rl`. The results are added to
`benchmarks/results/policies.json`, and `--write` copies their table into docs/control.md.
"""

import importlib.util
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.cases import CaseBenchmark
from benchmarks.commands import run_dynax
from benchmarks.common import markdown
from benchmarks.document import ROOT

PLACES = ("model", "mujoco")


class Case(NamedTuple):
    """A robot with its model and task, and the length of the policy's training."""

    words: tuple[str, ...]  # options of `dynax train`
    task: str
    steps: int  # steps of 0.02 s


CASES = {
    "cart_pole lagrangian, swing_up": Case(("env=cart_pole", "model=lagrangian"), "swing_up", 1_000_000),
    "cart_pole mlp, swing_up": Case(("env=cart_pole", "model=mlp"), "swing_up", 1_000_000),
    "hopper mechanical, forward": Case(("env=hopper", "model=mechanical"), "forward", 1_000_000),
}


def example() -> Any:
    """Return the module `examples/train_policy.py`."""
    spec = importlib.util.spec_from_file_location("train_policy", ROOT / "examples" / "train_policy.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def measure(case: Case) -> dict[str, Any]:
    """Return the duration of each training in s, and the mean return of each policy in the model and in MuJoCo."""
    import dynax.gym

    ppo, result = example(), {}
    with tempfile.TemporaryDirectory() as folder:
        [run] = run_dynax(Path(folder), "train", *case.words)
        envs = {place: dynax.gym.functional(run, case.task, predictor=place) for place in PLACES}
    for trained_in, env in envs.items():
        start = time.perf_counter()
        policy = ppo.train_policy(env, case.steps)
        seconds = time.perf_counter() - start
        returns = {place: float(ppo.returns(policy, other).mean()) for place, other in envs.items()}
        result[trained_in] = {"seconds": seconds, "returns": returns}
    return {"steps": case.steps, **result}


def table(results: dict[str, dict[str, Any]]) -> str:
    """Return the table: one row per case."""
    columns = [
        "robot, model and task",
        "steps",
        "time of the training",
        "return in the model",
        "return in MuJoCo",
        "trained in MuJoCo",
    ]
    return markdown(columns, [[name, *_cells(result)] for name, result in results.items()])


def _cells(result: dict[str, Any]) -> list[str]:
    ours, theirs = (result[place]["returns"] for place in PLACES)
    kept, reached = ours["mujoco"] / ours["model"], ours["mujoco"] / theirs["mujoco"]
    return [
        f"{result['steps']:,}",
        f"{result['model']['seconds']:.0f} s",
        f"{ours['model']:.0f}",
        f"{ours['mujoco']:.0f} ({100 * kept:.0f} %)",
        f"{theirs['mujoco']:.0f} (the policy of the model reaches {100 * reached:.0f} %)",
    ]


BENCHMARK = CaseBenchmark("policies", ROOT / "docs" / "control.md", CASES, measure, table)

if __name__ == "__main__":
    BENCHMARK.main(__doc__)
