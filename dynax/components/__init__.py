"""Flax modules and other parts that models are composed of.

    layers, mass_matrix, constraints    flax modules: hidden layers, learned mass matrix, learned constraint parameters
    joint_forces                        forces of springs, dampers and actuators with learned factors
    friction                            dry friction of a real joint
    observer                            initial-velocity estimate from the last measurements
    normalization                       statistics of features, actions and targets
    network_step                        the unconstrained step of a network
    residual_inputs                     constraint residuals as inputs of a network
    contact_cache                       contacts that are found once for a whole dataset
    gaussian_head                       the variance of predictions
    member                              one member of an ensemble for one sample
    ensemble                            one function for all members of an ensemble
    rollout                             open-loop prediction
    model_options                       the options and the parts of a model
    parts                               objects that belong to one model and are built once

Axes: B batch, E ensemble members, M samples, h history, S entries of a state, A entries of an action, F features,
D entries of a target, L joint constraint rows, C contact slots, Fc contact features, nv degrees of freedom,
dv tangent coordinates.
"""
