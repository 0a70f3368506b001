"""The commands with their summaries and examples, for the help pages."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """A command: `dynax/cli/commands/<module>.py` is its code, `conf/<name>.yaml` its config if it has one."""

    name: str
    summary: str
    examples: tuple[str, ...]
    has_config: bool = True  # whether the command has a config, and with it groups, keys and sweeps
    module: str = ""  # by default the name; `import` is no name of a module


COMMANDS = {
    command.name: command
    for command in (
        Command(
            "collect",
            "simulate a robot in MuJoCo and save the trajectories as a dataset",
            (
                "dynax collect env=cart_pole collect.num_rollouts=1000",
                "dynax collect env=mjcf env.xml=path/to/robot.xml excitation=ou",
            ),
        ),
        Command(
            "train",
            "train a model on a dataset; collects the dataset if none matches",
            (
                "dynax train env=cart_pole model=transformer training.learning_rate=3e-4",
                "dynax train -m model=mlp,resnet training.seed=0,1,2 hydra/launcher=joblib",
                "dynax train training.resume=<run directory>",
            ),
        ),
        Command(
            "eval",
            "measure for how long a trained model predicts a robot accurately",
            (
                "dynax eval run=<run directory>",
                "dynax eval run=<run directory> eval.num_trajectories=1024 eval.actions=passive",
            ),
        ),
        Command(
            "render",
            "draw the prediction of a model over the simulation, as GIF and MP4",
            (
                "dynax render run=<run directory>",
                "dynax render run=<run directory> render.seconds=5 render.formats=[gif]",
            ),
        ),
        Command(
            "plan",
            "control the simulated robot with plans of a trained model",
            (
                "dynax plan run=<run directory> task=swing_up",
                "dynax plan run=<run directory> task=reach planner=icem planner.samples=256",
            ),
        ),
        Command(
            "learn",
            "learn a task from scratch, with few transitions of the true robot",
            (
                "dynax learn task=swing_up env=cart_pole env.decimation=5",
                "dynax learn -m task=swing_up model=mlp,lagrangian learn.seed=0,1,2",
                "dynax learn training.resume=<run directory>",
            ),
        ),
        Command(
            "export",
            "write a trained model as files that other programs run",
            (
                "dynax export run=<run directory>",
                "dynax export run=<run directory> format=iree export.steps=50",
            ),
        ),
        Command(
            "import",
            "turn a log of a real machine into a dataset",
            (
                "dynax import source=log.csv draft=map.yaml",
                "dynax import source=logs/ mapping=map.yaml",
                "dynax train env=data dataset=$(dynax import source=log.csv mapping=map.yaml)",
            ),
            module="import_log",
        ),
        Command(
            "inspect",
            "show coverage, excitation, sampling and noise of a dataset",
            ("dynax inspect dataset=<dataset directory>",),
        ),
        Command(
            "compare",
            "rank the runs of a sweep",
            ("dynax compare sweep=outputs/train/sweeps/<sweep>",),
        ),
        Command(
            "doctor",
            "print the facts that a bug report needs, and check the machine",
            ("dynax doctor",),
            has_config=False,
        ),
    )
}
CONFIGURED = [command.name for command in COMMANDS.values() if command.has_config]
