"""Learning a task from scratch: the returns of `dynax learn`, in few transitions of the true robot.

    python -m benchmarks.learn [CASE ...] [--seeds 3] [--compare]
    python -m benchmarks.learn --table [--write]

`dynax learn` learns each case, and `dynax plan` tests its last model in 10 episodes. The cart pole of the DeepMind
Control Suite is part of the package `dm_control`. The results are added to `benchmarks/results/learn.json`, and
`--write` copies their table into docs/control.md. With `--compare`, the same planner also predicts with C MuJoCo, which
takes minutes per episode.
"""

import argparse
import importlib.util
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.commands import run_dynax
from benchmarks.common import RESULTS, header, markdown
from benchmarks.document import ROOT, committed_table, filled
from dynax.runs.files import write_json
from dynax.runs.summary import read_summary

FILE, DOCUMENT = RESULTS / "learn.json", ROOT / "docs" / "control.md"
EPISODES, MUJOCO_EPISODES = 10, 2


class Case(NamedTuple):
    """A robot, a model and the use of the transitions."""

    robot: str
    model: str
    words: tuple[str, ...]  # options of `dynax learn`
    planning: tuple[str, ...] = ()  # options of the planner, for learning and test
    scale: int = 1  # transitions of the task's own control step per transition


SUITE = ("planner.period=0.05", "planner.horizon=1.5")
CASES = {
    "cart pole, lagrangian": Case("cart_pole", "lagrangian", ("env.decimation=5", "learn.transitions=400")),
    "cart pole, mlp": Case("cart_pole", "mlp", ("env.decimation=5", "learn.transitions=1600")),
    "suite cart pole, lagrangian": Case(
        "dm_control", "lagrangian", ("learn.random=300", "learn.seconds=2", "learn.transitions=500"), SUITE
    ),
    "suite cart pole, quadratic": Case(
        "dm_control",
        "quadratic",
        (
            "env.decimation=2",
            "learn.random=250",
            "learn.seconds=5",
            "learn.transitions=1000",
            "model.constraints=features",
        ),
        SUITE,
        2,
    ),
    "suite cart pole, mlp": Case(
        "dm_control",
        "mlp",
        ("env.decimation=5", "learn.random=100", "learn.seconds=5", "learn.transitions=400"),
        SUITE,
        5,
    ),
}


def robot_words(robot: str) -> tuple[str, ...]:
    """Return the options that select a robot.

    Raises:
        SystemExit: if the package `dm_control` is not installed.
    """
    if robot != "dm_control":
        return (f"env={robot}",)
    spec = importlib.util.find_spec(robot)
    if spec is None or spec.origin is None:
        raise SystemExit("install the package dm_control for the cart pole of the suite")
    return "env=mjcf", f"env.xml={Path(spec.origin).parent / 'suite' / 'cartpole.xml'}"


def measure(name: str, seeds: int, *, compare: bool) -> Iterator[dict[str, Any]]:
    """Yield one result per seed of a case."""
    case = CASES[name]
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as scratch:
            words = ("task=swing_up", *robot_words(case.robot), f"model={case.model}", *case.words, *case.planning)
            [run] = run_dynax(Path(scratch), "learn", *words, f"learn.seed={seed}", f"training.seed={seed}")
            learned = read_summary(Path(run))
            assert learned is not None
            tests = tested(run, case, seed, EPISODES, "[]")
            if compare and seed == 0:
                tests["mujoco"] = tested(run, case, seed, MUJOCO_EPISODES, "[mujoco]")["mujoco"]
            yield {"case": name, "seed": seed, "rounds": learned["rounds"], "tests": tests, "dt_s": learned["dt_s"]}


def tested(run: str, case: Case, seed: int, episodes: int, compare: str) -> dict[str, Any]:
    """Return the results of `dynax plan` by predictor."""
    words = f"plan.episodes={episodes}", f"plan.seed={1000 + seed}", f"plan.compare={compare}", *case.planning
    with tempfile.TemporaryDirectory() as scratch:
        [path] = run_dynax(Path(scratch), "plan", f"run={run}", "task=swing_up", *words)
        planned = read_summary(Path(path))
        assert planned is not None
        return dict(planned["results"])


def table(results: Sequence[dict[str, Any]]) -> str:
    """Return the table, one row per case: the mean return in the test episodes of each seed."""
    columns = (
        "robot and model",
        "trained on",
        "simulated time",
        "return, by seed",
        "success",
        "same planner, C MuJoCo",
    )
    compared = any("mujoco" in r["tests"] for r in results)
    rows = []
    for name in dict.fromkeys(r["case"] for r in results):
        runs, case = [r for r in results if r["case"] == name], CASES[name]
        trained_on = runs[0]["rounds"][-1]["transitions"]
        scale = case.scale  # a reward of a coarse control step counts for each of the task's own control steps
        tests = [r["tests"]["model"] for r in runs]
        returns = ", ".join(f"{scale * test['return_mean']:.0f}" for test in tests)
        successes = sum(test["successes"] for test in tests)
        ceiling = [r["tests"]["mujoco"]["return_mean"] for r in runs if "mujoco" in r["tests"]]
        rows.append(
            [
                name,
                f"{scale * trained_on:,} transitions",
                f"{trained_on * runs[0]['dt_s']:.0f} s",
                returns,
                f"{successes} of {EPISODES * len(runs)}",
                f"{scale * ceiling[0]:.0f}" if ceiling else "",
            ]
        )
    width = len(columns) if compared else len(columns) - 1
    return markdown(columns[:width], [row[:width] for row in rows])


def committed() -> str:
    """Return the table of the committed results."""
    return committed_table(FILE, table)


def main(names: Sequence[str], seeds: int, *, compare: bool) -> None:
    """Measure the cases, write the results after each of them, and print the table."""
    for name in names:
        before = json.loads(FILE.read_text())["results"] if FILE.exists() else []
        kept = [r for r in before if r["case"] != name and r["case"] in CASES]
        write_json(FILE, {**header(), "results": [*kept, *measure(name, seeds, compare=compare)]})
        print(committed(), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"cases, by default all: {', '.join(CASES)}")
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds")
    parser.add_argument("--compare", action="store_true", help="plan with C MuJoCo as well")
    parser.add_argument("--table", action="store_true", help="print the table of the committed results")
    parser.add_argument("--write", action="store_true", help="with --table: write the table into docs/control.md")
    args = parser.parse_args()
    if args.table:
        print(committed())
        if args.write:
            DOCUMENT.write_text(filled(DOCUMENT.read_text(), {"learn": committed()}))
    else:
        main(args.cases or list(CASES), args.seeds, compare=args.compare)
