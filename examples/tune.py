"""Search for training settings with Optuna. The objective is the valid prediction time on validation trajectories.

    pip install optuna
    python examples/tune.py --trials 20 env=cart_pole

The remaining arguments are those of `dynax train`. The study is kept in `study.log`. A second call continues it.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

OBJECTIVE = "best_val_valid_time_s"


def suggest(trial: optuna.Trial) -> list[str]:
    """Return the settings of a trial, as arguments of `dynax train`."""
    rate = trial.suggest_float("training.learning_rate", 1e-3, 2e-2, log=True)
    width = trial.suggest_categorical("width", [32, 64, 128])
    layers = trial.suggest_int("layers", 1, 3)
    return [f"training.learning_rate={rate:.2e}", f"model.hidden_dims={[width] * layers}".replace(" ", "")]


def train(words: list[str]) -> float:
    """Run `dynax train` and return the objective.

    Raises:
        SystemExit: if the command fails.
    """
    command = [sys.executable, "-m", "dynax", "train", *words]
    process = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if process.returncode:
        raise SystemExit(process.returncode)
    return json.loads((Path(process.stdout.strip()) / "summary.json").read_text())[OBJECTIVE]


def main(trials: int, words: list[str]) -> None:
    """Run the example."""
    storage = JournalStorage(JournalFileBackend("study.log"))
    study = optuna.create_study(storage=storage, study_name="dynax", direction="maximize", load_if_exists=True)
    for _ in range(trials):
        trial = study.ask()
        settings = suggest(trial)
        value = train([*words, *settings])
        study.tell(trial, value)
        print(f"trial {trial.number}: {value:.2f} s with {' '.join(settings)}")
    print(f"best: trial {study.best_trial.number}, {study.best_value:.2f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20)
    options, arguments = parser.parse_known_args()
    main(options.trials, arguments)
