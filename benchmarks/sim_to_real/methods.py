"""The ways to a model of the machine, each as a command line of `dynax train`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

Words = Callable[[float], list[str]]  # from the length of the log, s, to words of the command line

# Epochs of one-step training and of training on open-loop predictions by the length of the log, s.
EPOCHS = {10: (200, 20), 100: (30, 3), 1000: (4, 1)}
EQUATION_EPOCHS = {10: (40, 5), 100: (5, 1), 1000: (1, 1)}  # of models with equations of motion, which are slower
SIMULATED_SECONDS = 100.0  # length of the log of the simulated robot
COMMON = ["env=mjcf", "env.xml=robot.xml", "model.constraints=none"]


@dataclass(frozen=True)
class Method:
    """A way to a model.

    Attributes:
        words: the command line for a log.
        start: the run that the command line needs, with the key that names it: a method, or `simulated`.
    """

    words: Words
    start: tuple[str, str] | None = None


def epochs(counts: Mapping[int, tuple[int, int]], horizons: str) -> Words:
    """Return the words for gradient training, by the length of the log.

    Args:
        counts: epochs of one-step training and of each horizon, by the length of the log, s.
        horizons: lengths of the open-loop predictions, control steps.
    """

    def words(seconds: float) -> list[str]:
        nearest = min(counts, key=lambda known: abs(known - seconds))
        one_step, unrolled = counts[nearest]
        return [
            "training.finetune=none", f"training.unroll_horizons={horizons}", f"training.num_epochs={one_step}",
            f"training.unroll_epochs={unrolled}",
        ]  # fmt: skip

    return words


def _mlp(seconds: float) -> list[str]:
    return ["model=mlp", "model.hidden_dims=[64,64]", *epochs(EPOCHS, "[8,32]")(seconds)]


def _residual(seconds: float) -> list[str]:
    words = ["model=residual", "model.window=4", "model.hidden_dims=[32,32]", "model.history=4"]
    return [*words, *epochs(EQUATION_EPOCHS, "[32]")(seconds)]


METHODS = {
    "scratch": Method(_mlp),
    "fine-tuned": Method(
        lambda seconds: [*_mlp(seconds), "training.learning_rate=1e-3"], ("training.init", "simulated")
    ),
    "identified": Method(
        lambda seconds: [
            "model=rigid",
            "model.history=4",
            "training.finetune_horizons=[50]",
            "training.finetune_steps=8",
        ]
    ),
    "residual on nominal": Method(_residual),
    "residual on identified": Method(_residual, ("model.base", "identified")),
}
UNTRAINED = ("hold last", "nominal")  # rows without training
