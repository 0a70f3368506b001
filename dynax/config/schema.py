"""The schema of the YAML: one dataclass for each config group, with the types and the valid ranges of its keys."""

from dataclasses import dataclass, fields
from typing import Any, TypeVar

from dynax.config import bounds
from dynax.config.options import check_fields, section
from dynax.config.registries import ENVS, OPTIMIZERS
from dynax.errors import UserError, check_choice, check_optional, check_range

TEST_ACTIONS = ("piecewise_constant", "uniform", "passive")  # excitations of test trajectories
BACKENDS = ("auto", "egl", "osmesa", "software")  # of clips

C = TypeVar("C", bound="TrainingConfig")


@dataclass(frozen=True)
class CollectConfig:
    """The size of a dataset, and its simulator."""

    num_rollouts: int = 2000
    rollout_length: int = 500
    seed: int = 0
    backend: str = "auto"
    policy: str | None = None
    policy_noise: float = 0.3

    def __post_init__(self):
        check_fields(self)
        check_range("num_rollouts", self.num_rollouts, 2, bounds.MAX_TRAJECTORIES)
        check_range("rollout_length", self.rollout_length, 1, bounds.MAX_STEPS)
        check_range("seed", self.seed, 0, bounds.MAX_SEED)
        check_choice("backend", self.backend, ["auto", "mjx", "native"])
        check_range("policy_noise", self.policy_noise, 0, 1)


@dataclass(frozen=True)
class TrainingConfig:
    """The settings of a training. The learning rate rises linearly during the warm-up, and then follows a cosine."""

    num_epochs: int = 50
    batch_size: int = 512
    optimizer: str = "soap"
    loss: str = "cauchy"
    learning_rate: float = 5e-3
    final_learning_rate: float = 1e-6
    warmup_steps: int = 300
    weight_decay: float = 0.0
    gradient_clip: float | None = 1.0
    ema_decay: float | None = 0.999
    input_noise: float = 0.0
    impact_weight: int = 1
    unroll_epochs: int = 0
    unroll_horizons: tuple[int, ...] = (8, 32)
    unroll_learning_rate: float = 1e-4
    finetune: str = "none"
    finetune_steps: int = 50
    finetune_horizons: tuple[int, ...] = (1,)
    patience: int | None = None
    val_rollouts: int = 60
    shards: int | None = None
    precision: str = "float32"
    seed: int = 0

    def __post_init__(self):
        check_fields(self)
        check_range("num_epochs", self.num_epochs, 1, bounds.MAX_EPOCHS)
        check_range("batch_size", self.batch_size, 1, bounds.MAX_TRAJECTORIES)
        OPTIMIZERS.check("optimizer", self.optimizer)
        check_choice("loss", self.loss, ["mse", "cauchy"])
        check_choice("precision", self.precision, ["float32", "tf32", "bf16"])
        check_range("learning_rate", self.learning_rate, 0, bounds.MAX_RATE, open_low=True)
        check_range("final_learning_rate", self.final_learning_rate, 0, self.learning_rate)
        check_range("warmup_steps", self.warmup_steps, 0, 2**31 - 1)  # optax counts in 32 bits
        check_range("weight_decay", self.weight_decay, 0, bounds.MAX_RATE)
        check_range("input_noise", self.input_noise, 0, bounds.MAX_RATE)
        check_range("impact_weight", self.impact_weight, 1, 1000)
        check_range("unroll_epochs", self.unroll_epochs, 0, bounds.MAX_EPOCHS)
        check_range("the number of unroll_horizons", len(self.unroll_horizons), 0, bounds.MAX_LAYERS)
        for horizon in self.unroll_horizons:
            check_range("unroll_horizons", horizon, 2, bounds.MAX_HISTORY)
        check_range("unroll_learning_rate", self.unroll_learning_rate, 0, bounds.MAX_RATE, open_low=True)
        check_choice("finetune", self.finetune, ["none", "levenberg_marquardt", "lbfgs"])
        check_range("finetune_steps", self.finetune_steps, 1, bounds.MAX_EPOCHS)
        if not 0 < len(self.finetune_horizons) <= bounds.MAX_LAYERS:
            text = f"finetune_horizons={list(self.finetune_horizons)} must have 1 to {bounds.MAX_LAYERS} horizons"
            raise UserError(text, "finetune_horizons")
        for horizon in self.finetune_horizons:
            check_range("finetune_horizons", horizon, 1, bounds.MAX_HISTORY)
        if self.finetune == "lbfgs" and self.finetune_horizons != (1,):
            raise UserError("finetune=lbfgs supports only finetune_horizons=[1]: use levenberg_marquardt")
        check_range("val_rollouts", self.val_rollouts, 1, bounds.MAX_TRAJECTORIES)
        check_range("seed", self.seed, 0, 2**32 - 1)  # a JAX key has 32 bits of seed
        check_optional("gradient_clip", self.gradient_clip, 0, 1e18, open_low=True)
        check_optional("shards", self.shards, 1, bounds.MAX_SHARDS)
        if self.shards is not None and self.shards & (self.shards - 1):
            raise UserError(f"shards={self.shards} must be a power of two, such as 1, 2 or 4", "shards")
        check_optional("ema_decay", self.ema_decay, 0, 1)
        check_optional("patience", self.patience, 1, bounds.MAX_EPOCHS)

    @classmethod
    def recipe(cls: type[C], model: Any, option: str = "default") -> C:
        """Return the settings that `dynax train training=<option>` uses for the architecture and robot of `model`."""
        from dynax.config.recipes import training_recipe

        values = training_recipe(model.architecture, ENVS.name_of(type(model.env)), option)
        return section(cls, {f.name: values[f.name] for f in fields(cls) if f.name in values}, "training")

    @property
    def horizon(self) -> int:
        """The largest number of steps that a training predicts open loop."""
        stages = (self.unroll_epochs, self.unroll_horizons), (self.finetune != "none", self.finetune_horizons)
        return max((1, *(horizon for used, horizons in stages if used for horizon in horizons)))

    @property
    def total_epochs(self) -> int:
        """The number of epochs of all stages. The second-order fine-tuning counts as one epoch."""
        return self.num_epochs + self.unroll_epochs * len(self.unroll_horizons) + (self.finetune != "none")


@dataclass(frozen=True)
class TrainingRunConfig(TrainingConfig):
    """The settings of a training, plus those of a run on disk: data split, checkpoints, and other runs."""

    val_fraction: float = 0.1
    checkpoint_every: int = 5
    checkpoint_seconds: float = 60.0
    init: str | None = None
    resume: str | None = None

    def __post_init__(self):
        super().__post_init__()
        check_range("val_fraction", self.val_fraction, 0, 0.9, open_low=True)
        check_range("checkpoint_every", self.checkpoint_every, 1, bounds.MAX_EPOCHS)
        check_range("checkpoint_seconds", self.checkpoint_seconds, 0, 86_400, open_low=True)


@dataclass(frozen=True)
class EvalConfig:
    """The test set of an evaluation, and its plots."""

    num_trajectories: int = 256
    seconds: float = 25.0
    seed: int = 1234
    actions: str = "piecewise_constant"
    warmup: int = 64
    plot_trajectories: int = 3
    window_seconds: float = 1.0
    window_stride: float = 0.5

    def __post_init__(self):
        check_fields(self)
        check_range("num_trajectories", self.num_trajectories, 2, bounds.MAX_TRAJECTORIES)
        check_range("seconds", self.seconds, 0, bounds.MAX_SECONDS, open_low=True)
        check_range("seed", self.seed, 0, bounds.MAX_SEED)
        check_choice("actions", self.actions, TEST_ACTIONS)
        check_range("warmup", self.warmup, 0, bounds.MAX_STEPS)
        check_range("plot_trajectories", self.plot_trajectories, 1, 100)
        check_range("window_seconds", self.window_seconds, 0, bounds.MAX_SECONDS, open_low=True)
        check_range("window_stride", self.window_stride, 0, bounds.MAX_SECONDS, open_low=True)


@dataclass(frozen=True)
class ExportConfig:
    """The shapes of the functions of an export."""

    steps: int = 100
    batch: int = 1

    def __post_init__(self):
        check_range("steps", self.steps, 1, bounds.MAX_STEPS)
        check_range("batch", self.batch, 1, bounds.MAX_TRAJECTORIES)


@dataclass(frozen=True)
class PlanConfig:
    """The episodes of `dynax plan`, the predictors that are compared, and the clip of an episode."""

    episodes: int = 10
    seconds: float | None = None
    seed: int = 0
    compare: tuple[str, ...] = ("mujoco", "random")
    width: int = 640
    height: int = 360
    fps: int = 25
    backend: str = "auto"
    camera: str | None = None

    def __post_init__(self):
        check_fields(self)
        check_range("episodes", self.episodes, 1, 100_000)
        check_optional("seconds", self.seconds, 0, bounds.MAX_SECONDS, open_low=True)
        check_range("seed", self.seed, 0, 2**32 - 1)  # a JAX key has 32 bits of seed
        for name in self.compare:
            check_choice("compare", name, ["mujoco", "mjx", "random"])
        check_range("width", self.width, 64, 3840)
        check_range("height", self.height, 64, 2160)
        check_range("fps", self.fps, 1, 50)
        check_choice("backend", self.backend, BACKENDS)


@dataclass(frozen=True)
class LearnConfig:
    """The true transitions of `dynax learn`, and how they are used."""

    transitions: int = 2000
    random: int = 200
    seconds: float | None = None
    segment: int = 50
    warm_start: bool = True
    seed: int = 0

    def __post_init__(self):
        check_fields(self)
        check_range("random", self.random, 2, bounds.MAX_STEPS)
        check_range("transitions", self.transitions, self.random, bounds.MAX_STEPS)
        check_optional("seconds", self.seconds, 0, bounds.MAX_SECONDS, open_low=True)
        check_range("segment", self.segment, 1, self.random)
        check_range("seed", self.seed, 0, bounds.MAX_SEED)


@dataclass(frozen=True)
class RenderConfig:
    """The clip that shows the prediction of a model over the true motion."""

    seconds: float = 8.0
    seed: int = 0
    actions: str = "piecewise_constant"
    width: int = 640
    height: int = 360
    fps: int = 25
    speed: float = 1.0
    backend: str = "auto"
    camera: str | None = None
    formats: tuple[str, ...] = ("gif", "mp4")

    def __post_init__(self):
        check_fields(self)
        check_range("seconds", self.seconds, 0, 60, open_low=True)
        check_range("seed", self.seed, 0, bounds.MAX_SEED)
        check_choice("actions", self.actions, TEST_ACTIONS)
        check_range("width", self.width, 64, 3840)
        check_range("height", self.height, 64, 2160)
        check_range("fps", self.fps, 1, 50)
        check_range("speed", self.speed, 0.001, 1000)
        check_choice("backend", self.backend, BACKENDS)
        for name in self.formats:
            check_choice("formats", name, ["gif", "mp4"])
        if not self.formats:
            raise UserError("formats=[] must contain gif, mp4 or both", "formats")
