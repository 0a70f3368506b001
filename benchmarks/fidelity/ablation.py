"""The effect of each ingredient: from a baseline recipe to structured models, one change at a time.

All rows have the same number of updates and of transitions. Each row sets every option that a default recipe may set.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmarks.common import markdown
from benchmarks.fidelity.cells import ceiling, distinct, given, nrmse, select, time, vpt
from benchmarks.fidelity.table import Result, Row, Table

ENVS = ("pendulum", "cart_pole", "double_cart_pole")
BASELINE = {
    "collect.num_rollouts": "600",
    "collect.rollout_length": "500",
    "excitation": "uniform",
    "model.hidden_dims": "[500,500]",
    "model.activation": "relu",
    "model.angles": "raw",
    "model.target": "delta",
    "model.constraints": "none",
    "model.drop_invariant": "false",
    "training.num_epochs": "6",
    "training.batch_size": "512",
    "training.optimizer": "adam",
    "training.loss": "mse",
    "training.learning_rate": "1e-3",
    "training.final_learning_rate": "1e-3",
    "training.warmup_steps": "0",
    "training.weight_decay": "0.0",
    "training.gradient_clip": "null",
    "training.ema_decay": "null",
    "training.input_noise": "0.0",
    "training.impact_weight": "1",
    "training.unroll_epochs": "0",
    "training.finetune": "none",
    "training.patience": "null",
}
SCHEDULE = {
    "training.learning_rate": "3e-3",
    "training.final_learning_rate": "1e-6",
    "training.warmup_steps": "300",
    "training.gradient_clip": "1.0",
    "training.ema_decay": "0.999",
}
NETWORK = {"model.hidden_dims": "[256,256,256]", "model.activation": "silu"}
GATED = {"model.activation": "glu", "model.hidden_dims": "[128,128,128]", "training.learning_rate": "5e-3"}
NETWORK_OPTIONS = {*NETWORK, "model.angles", "model.target", "model.drop_invariant"}  # not options of the lagrangian
QUADRATIC = {"model.hidden_dims": "[128,128]"}
LAGRANGIAN = {
    "training.loss": "mse",
    "training.learning_rate": "2e-2",
    "training.finetune": "levenberg_marquardt",
    "training.finetune_steps": "120",
}
LAYER = {"model.constraints": "layer"}
DEFAULTS = {
    "impacts": "mlp",
    "quadratic": "quadratic",
    "lagrangian": "lagrangian",
}  # row: the model whose defaults it uses, except for the number of epochs
STEPS: tuple[tuple[str, str, Mapping[str, str]], ...] = (  # name, label, changes relative to the step before
    ("baseline", "the usual recipe", {}),
    ("mixed", "+ mixed excitation", {"excitation": "mixed"}),
    ("sincos", "+ sines and cosines", {"model.angles": "sincos"}),
    ("acceleration", "+ acceleration as the target", {"model.target": "acceleration"}),
    ("schedule", "+ warm-up, cosine, clipping, average", SCHEDULE),
    ("network", "+ silu, 256 × 3", NETWORK),
    ("limits", "+ features of the joint limits", {"model.constraints": "features"}),
    ("invariant", "+ invariant positions left out", {"model.drop_invariant": "true"}),
    ("cauchy", "+ Cauchy loss", {"training.loss": "cauchy"}),
    ("soap", "+ SOAP", {"training.optimizer": "soap"}),
    ("gated", "+ gated units, 128 × 3", GATED),
    ("impacts", "+ impacts sampled four times as often", {"training.impact_weight": "4"}),
)


def step(name: str) -> Row:
    """Return the row of a step, with the changes of all steps before it."""
    names = [step for step, *_ in STEPS]
    before = STEPS[: names.index(name) + 1]
    settings = dict(BASELINE)
    for _, _, change in before:
        settings.update(change)
    return Row(name, ENVS, settings=settings, label=before[-1][1])


def branch(name: str, start: str, label: str, change: Mapping[str, str], model: str = "mlp") -> Row:
    """Return a row that changes the step `start` and is not the start of other rows."""
    settings = {**step(start).settings, **change}
    if model == "lagrangian":
        settings = {key: value for key, value in settings.items() if key not in NETWORK_OPTIONS}
    return Row(name, ENVS, (model,), settings, label)


def render(results: Sequence[Result]) -> str:
    """Return the table: VPT(0.1) and the error after 100 steps of every row and robot."""
    envs = [env for (env,) in distinct(results, "env")]
    rows = [select(results, row=name) for (name,) in distinct(results, "row")]
    letters, legend = given(rows)
    columns = ["", *(f"{env}, VPT(0.1)" for env in envs), *(f"{env}, nRMSE(100)" for env in envs), "training", "given"]
    lines = [[*_cells(row, envs), knowledge] for row, knowledge in zip(rows, letters, strict=True)]
    ceilings = [ceiling(select(results, env=env)) for env in envs]
    lines.append(["*ceiling*", *ceilings, *[""] * (len(envs) + 2)])
    return f"{markdown(columns, lines)}\n\n{legend}"


def _cells(row: Sequence[Result], envs: Sequence[str]) -> list[str]:
    parts = [select(row, env=env) for env in envs]
    name = row[0]["label"]
    if model := DEFAULTS.get(row[0]["row"]):
        name += f" (the default of `model={model}`)"
    return [name, *map(vpt, parts), *map(nrmse, parts), time(row, "training_s")]


TABLE = Table(
    "ablation",
    (
        *(step(name) for name, *_ in STEPS),
        branch("layer", "gated", "gated, constraint layer instead of features", LAYER),
        branch("quadratic", "gated", "gated, constraint layer, quadratic", LAYER | QUADRATIC, "quadratic"),
        branch(
            "lagrangian", "gated", "constraint layer, Lagrangian, Levenberg-Marquardt", LAYER | LAGRANGIAN,
            "lagrangian",
        ),
    ),
    render,
)  # fmt: skip

SIDE = Table(
    "side",
    (
        replace(step("cauchy"), label="Cauchy loss, Adam"),
        branch(
            "adamw", "cauchy", "Cauchy loss, AdamW", {"training.optimizer": "adamw", "training.weight_decay": "1e-4"}
        ),
        branch("muon", "cauchy", "Cauchy loss, Muon", {"training.optimizer": "muon"}),
        replace(step("gated"), label="gated"),
        branch("noise", "gated", "gated, input noise", {"training.input_noise": "1e-3"}),
        branch(
            "lbfgs",
            "gated",
            "gated, 20 steps of L-BFGS",
            {"training.finetune": "lbfgs", "training.finetune_steps": "20"},
        ),
        branch("unroll", "gated", "gated, fine-tuned on 8 and 32 steps", {"training.unroll_epochs": "2"}),
    ),
    render,
)
