"""Base class of models that consist of equations of motion."""

from dynax.architectures.network import constant
from dynax.base import BaseDynamicsModel
from dynax.errors import UserError
from dynax.representation.targets import AccelerationTarget, target_of


class StructuredDynamicsModel(BaseDynamicsModel):
    """Equations of motion for one semi-implicit step. A subclass overrides `unconstrained`.

    The equations contain the state itself, so the options of features and targets are constants.

    Raises:
        UserError: if a control step is not one completely observed semi-implicit step, or for `constraints=features`.
    """

    angles: str = constant("sincos")
    target: str = constant("acceleration")
    constraints: str = "layer"  # none | layer
    drop_invariant: bool = constant(True)
    frame: str = constant("robot")
    history: int = constant(1)

    def __post_init__(self) -> None:
        env = self.env
        if env.is_recorded:
            raise UserError(
                f"model.architecture={self.architecture} needs the mechanics of an MJCF, and env=data has none. Choose "
                "mlp, resnet or transformer, or import the log with `mjcf:` in its mapping and use env=mjcf"
            )
        if not isinstance(target_of(env, self.target), AccelerationTarget) or not env.space.observed.all():
            raise UserError(
                f"model.architecture={self.architecture} needs completely observed semi-implicit steps: set "
                f"env.decimation=1 (now {env.decimation}), env.observe=all and an integrator other than RK4 (now "
                f"{env.integrator})"
            )
        if self.constraints == "features":
            raise UserError(
                f"model.architecture={self.architecture} has no features: model.constraints must be none or layer, "
                "got features"
            )
        super().__post_init__()
