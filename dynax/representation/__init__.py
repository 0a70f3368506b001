"""Inputs and targets of a learned model: the maps between a state and the arrays of a network.

A `Representation` is composed of four small objects:

    positions      `PositionFeatures`: joint positions as numbers or points on a circle, bodies in the base frame
    frame          `WorldFrame`, `FloatingFrame` or `PlanarFrame`: the axes of velocities and of their changes
    constraints    `ConstraintFeatures`: features of joint limits and contacts
    target         `DeltaTarget`, `AccelerationTarget` or `PositionCorrectionTarget`: the predicted quantity

All maps accept NumPy and JAX arrays and return the kind that they receive. Datasets are prepared with NumPy in float64,
rollouts run with JAX in float32.

Axes: `...` any batch, S entries of a state, F features, D entries of a target, nv degrees of freedom, na activations,
dv = 2 nv + na tangent coordinates, C contact slots, Fc contact features, n vectors.
"""
