"""The uncertainty of predictions: the spread of ensemble members, calibrated on validation trajectories.

    spread         how far the members of an ensemble are from their mean
    calibration    factors from the spread to intervals of a given coverage, and to a trust horizon
    reliability    coverage and width of the intervals on a test set

Axes: E members, N trajectories, T1 = T + 1 states of a trajectory, C tangent coordinates, K calibrated steps, L levels.
"""
