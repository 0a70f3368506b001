"""The sections of a config, and their classes."""

from dynax.config.schema import CollectConfig, EvalConfig, ExportConfig, PlanConfig, RenderConfig, TrainingRunConfig

SECTIONS = {
    "collect": CollectConfig,
    "training": TrainingRunConfig,
    "eval": EvalConfig,
    "render": RenderConfig,
    "export": ExportConfig,
    "plan": PlanConfig,
}
