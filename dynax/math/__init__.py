"""Rotations, 3-vectors and small linear systems, independent of any robot.

Axis letters in array annotations of this package:

    ...   any leading (batch) axes
    n     rows of a square matrix, or entries of a vector
    m     entries of a triangle, n (n + 1) / 2
    M     rows of a large array that is processed in chunks
    T     time steps
    N     trajectories
    K     vectors
"""
