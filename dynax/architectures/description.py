"""Titles, prior knowledge and notes of models, for tables, plots and logs."""

from collections.abc import Iterator

import numpy as np

from dynax.architectures.mlp import MLPDynamicsModel
from dynax.architectures.rigid import RigidDynamicsModel
from dynax.base import BaseDynamicsModel
from dynax.mechanics.collision.pairs import pairs_for_features
from dynax.mechanics.constraints import unsupported_constraints
from dynax.mjcf.joints import BALL, FREE
from dynax.representation.floating import FloatingFrame
from dynax.representation.frames import WorldFrame
from dynax.representation.planar import PlanarFrame
from dynax.representation.targets import AccelerationTarget, DeltaTarget, PositionCorrectionTarget


def title(model: BaseDynamicsModel) -> str:
    """Return the robot and the architecture of a model, for tables, plots and films."""
    label = " (system identification)" if isinstance(model, RigidDynamicsModel) else ""
    return f"{model.env.name}, {model.architecture}{label}"


def prior_knowledge(model: BaseDynamicsModel) -> tuple[str, ...]:
    """Return the properties of the robot that a model contains before it is trained."""
    properties = (*_of_representation(model), *_of_constraints(model))
    return (*(text for text, applies in properties if applies), *model.prior_knowledge)


def _of_representation(model: BaseDynamicsModel) -> Iterator[tuple[str, bool]]:
    maps, space = model.representation, model.env.space
    drops_positions = bool(maps.positions.dropped[space.invariant].any())
    yield "joint coordinates that are angles", model.angles == "sincos" and bool(space.angular.any())
    yield "semi-implicit integration", isinstance(maps.target, AccelerationTarget)
    learned = isinstance(maps.target, PositionCorrectionTarget) and not model.has_substeps
    yield "semi-implicit integration with a learned position residual", learned
    yield "MuJoCo's integrator and physics steps", model.has_substeps and not model.env.semi_implicit
    yield "translation invariance", drops_positions or bool(maps.dropped_velocities.any())
    floating = isinstance(maps.frame, FloatingFrame) and not maps.frame.dependence
    yield "invariance to horizontal position and yaw", floating
    yield "planar base frame", isinstance(maps.frame, PlanarFrame)
    yield "joint limits", maps.constraints.limits is not None and bool(space.limited.any())
    yield "geometry of possible contacts", maps.constraints.contacts is not None


def _of_constraints(model: BaseDynamicsModel) -> Iterator[tuple[str, bool]]:
    start = "initialized from" if model.compliance == "learned" else "with the parameters of"
    scale = "" if model.contact_init_scale == 1 else f", contact parameters times {model.contact_init_scale:g}"
    yield f"MuJoCo's constraint solver, {start} the MJCF{scale}", model.layer is not None
    refined = model.network_step.residual_inputs is not None
    yield "residuals of joint limits and contacts, with the parameters and inverse weights of the MJCF", refined


def notes(model: BaseDynamicsModel) -> tuple[str, ...]:
    """Return sentences on options that have an unusual meaning for the robot of a model."""
    every = (*_target_notes(model), *_frame_notes(model), *_constraint_notes(model))
    return tuple(text for text, applies in every if applies)


def _target_notes(model: BaseDynamicsModel) -> Iterator[tuple[str, bool]]:
    env, target = model.env, model.representation.target
    replaced = model.target != "delta" and isinstance(target, DeltaTarget)
    yield (
        "the target is the change of the state (model.target=delta), because the robot shows positions without their "
        "velocities",
        replaced,
    )
    reason = f"env.decimation={env.decimation}" if env.decimation > 1 else f"the integrator {env.integrator}"
    yield (
        f"the model also learns a residual of the position, because with {reason} the position does not move by dt "
        "times the new velocity",
        isinstance(target, PositionCorrectionTarget) and not model.has_substeps,
    )


def _frame_notes(model: BaseDynamicsModel) -> Iterator[tuple[str, bool]]:
    frame = model.representation.frame
    floats = bool((model.env.mj_model.jnt_type == FREE).any())
    yield f"features contain horizontal position and yaw, because of {frame.dependence}", bool(frame.dependence)
    yield (
        "model.frame=robot has no effect, because a part of the robot has a fixed base or coordinates of its base are "
        "not observed",
        model.frame == "robot" and floats and isinstance(frame, WorldFrame),
    )


def _constraint_notes(model: BaseDynamicsModel) -> Iterator[tuple[str, bool]]:
    mj_model, has_features = model.env.mj_model, model.constraints == "features"
    omitted = pairs_for_features(mj_model)[1] if has_features else ""
    yield f"features do not contain contacts of {omitted}", bool(omitted)
    limited_balls = bool((mj_model.jnt_type[np.flatnonzero(mj_model.jnt_limited)] == BALL).any())
    yield "features do not contain limits of ball joints", has_features and limited_balls
    unsolved = ", ".join(unsupported_constraints(mj_model)) if model.constraints == "layer" else ""
    yield f"model.constraints=layer does not contain: {unsolved}", bool(unsolved)
    if isinstance(model, MLPDynamicsModel) and model.refinement_steps and model.network_step.residual_inputs is None:
        yield (
            f"model.refinement_steps={model.refinement_steps} has no effect: it needs a semi-implicit step with "
            "env.decimation=1, and contacts without adhesion or surface velocity",
            model.representation.constraints.contacts is not None,
        )
