"""The options and the parts of a model.

- `representation`: maps between states, features and targets
- `network_step`: the unconstrained step of a network
- `layer`: joint limits and contacts, with `constraints=layer`
- `constraint_stage`: from an unconstrained step to a target
- `contact_detector`: contact detection, once for all parts
- `gaussian_head`: the variance of predictions, with `head=gaussian`
- `ensemble`: one function for all members
"""

from typing import ClassVar

import numpy as np
from jaxtyping import Bool

from dynax.components.constraints import ConstraintStage, LearnedConstraints, check_layer, constraint_layer
from dynax.components.contact_cache import ContactDetector
from dynax.components.ensemble import Ensemble
from dynax.components.gaussian_head import HEADS, GaussianHead
from dynax.components.network_step import NetworkStep
from dynax.components.parts import ModuleWithParts, part
from dynax.config.bounds import MAX_ENSEMBLE, MAX_HISTORY, MAX_RATE
from dynax.config.options import check_fields
from dynax.config.registries import ARCHITECTURES
from dynax.envs.env import Env
from dynax.errors import check_choice, check_range, config_section
from dynax.mechanics.constraints import ConstraintLayer
from dynax.representation.representation import Representation, check_options


class ModuleWithOptions(ModuleWithParts):
    """A flax module with the options of a model, and the parts that these options describe.

    Raises:
        UserError: for options that the robot does not support.
    """

    env: Env
    angles: str = "raw"  # features of a hinge: raw (the angle) | sincos (its sine and cosine)
    target: str = "delta"  # predicted change: delta (of the state) | acceleration (of the velocity)
    constraints: str = "none"  # joint limits and contacts: none | features (inputs) | layer (solver)
    compliance: str = "learned"  # parameters of the layer: learned | mjcf
    contact_init_scale: float = 1.0  # initial contact parameters of the layer, relative to the MJCF
    drop_invariant: bool = False  # omit positions on which the motion does not depend
    frame: str = "world"  # frame of features and targets: world | robot
    history: int = 1  # states and actions that the network receives
    ensemble_size: int = 1  # number of networks whose predictions are averaged
    head: str = "point"  # point | gaussian (with a predicted variance, which `rollout_members` samples)

    sequence: ClassVar[bool] = False  # the network returns one target for each state of the history
    has_memory: ClassVar[bool] = False  # a sequence network defines `extend`, for rollouts
    has_substeps: ClassVar[bool] = False  # a prediction computes every physics step of the control step
    prior_knowledge: ClassVar[tuple[str, ...]] = ()  # mechanics that the architecture contains, for tables

    def __post_init__(self) -> None:
        with config_section("model"):
            check_fields(self)
        check_range("model.history", self.history, 1, MAX_HISTORY)
        check_range("model.ensemble_size", self.ensemble_size, 1, MAX_ENSEMBLE)
        check_choice("model.compliance", self.compliance, ("learned", "mjcf"))
        check_range("model.contact_init_scale", self.contact_init_scale, 0, MAX_RATE, open_low=True)
        check_choice("model.head", self.head, HEADS)
        check_options(self.angles, self.target, self.constraints, self.frame)
        if self.constraints == "layer" and not self.has_substeps:
            check_layer(self.env, self.target)
        super().__post_init__()

    @part
    def representation(self) -> Representation:
        """The maps between states, features and targets."""
        return Representation.of(self.env, self.angles, self.target, self.constraints, self.drop_invariant, self.frame)

    @part
    def network_step(self) -> NetworkStep:
        """The unconstrained step of a network: features, normalization, network, denormalization."""
        return NetworkStep(self.representation, self.sequence)

    @part
    def layer(self) -> ConstraintLayer | None:
        """The constraint layer, with `constraints=layer` of a robot that has joint limits, friction or contacts."""
        return constraint_layer(self.env) if self.constraints == "layer" else None

    @part
    def constraint_stage(self) -> ConstraintStage:
        """The computation from an unconstrained step to a target."""
        options = self.representation.frame, self.contact_init_scale, self.compliance == "learned"
        module = LearnedConstraints(self.layer, *options, parent=None) if self.layer else None
        return ConstraintStage(self.representation, module)

    @part
    def contact_detector(self) -> ContactDetector:
        """The contact detection: for a whole dataset once before a training, and in each step of a rollout."""
        residuals, features = self.network_step.residual_inputs, self.representation.constraints.contacts
        return ContactDetector(features, residuals.constraints.layer if residuals else self.layer)

    @part
    def gaussian_head(self) -> GaussianHead | None:
        """The variance of predictions, with `head=gaussian`."""
        return GaussianHead(self.representation, self.action_dim) if self.head == "gaussian" else None

    @property
    def ensemble(self) -> Ensemble:
        """The ensemble that the model belongs to."""
        return Ensemble(self.ensemble_size)

    @property
    def architecture(self) -> str:
        """Name of the architecture: the registered name of the class."""
        return ARCHITECTURES.name_of(type(self))

    @property
    def state_dim(self) -> int:
        """Entries of a state, S."""
        return self.env.state_dim

    @property
    def action_dim(self) -> int:
        """Entries of an action, A."""
        return self.env.action_dim

    @property
    def target_dim(self) -> int:
        """Entries of a target, D."""
        return len(self.representation.target_index)

    @property
    def feature_dim(self) -> int:
        """Number of features, F."""
        return sum(self.representation.sizes)

    @property
    def unconstrained_inputs(self) -> int:
        """The number of states and actions that `unconstrained` receives."""
        return self.history

    @property
    def observed(self) -> Bool[np.ndarray, " dv"]:
        """The tangent coordinates that the model reads and predicts."""
        return self.env.space.observed
