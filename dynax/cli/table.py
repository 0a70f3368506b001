"""The commands there are."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """One command: `conf/<name>.yaml` composes its config and `dynax/commands/<name>.py` runs it."""

    name: str
    summary: str
    examples: tuple[str, ...]


COMMANDS = {
    command.name: command
    for command in (
        Command(
            "collect",
            "roll a robot out in MuJoCo and keep the trajectories as a dataset",
            (
                "dynax collect env=cart_pole collect.num_rollouts=1000",
                "dynax collect env=mjcf env.xml=path/to/robot.xml excitation=ou",
            ),
        ),
        Command(
            "train",
            "fit a model to a dataset, collected first where there is none",
            (
                "dynax train env=cart_pole model=transformer training.learning_rate=3e-4",
                "dynax train -m model=mlp,resnet training.seed=0,1,2 hydra/launcher=joblib",
                "dynax train training.resume=<run directory>",
            ),
        ),
        Command(
            "eval",
            "measure how far ahead a trained model predicts the float64 simulator",
            (
                "dynax eval run=<run directory>",
                "dynax eval run=<run directory> eval.num_trajectories=1024 eval.actions=passive",
            ),
        ),
        Command(
            "render",
            "draw the predicted robot over the true one, as GIF and MP4",
            (
                "dynax render run=<run directory>",
                "dynax render run=<run directory> render.seconds=5 render.formats=[gif]",
            ),
        ),
    )
}
