"""Rotations, 3-vectors and small linear systems, independent of any robot.

    rotations        unit quaternions and rotation vectors
    vec3, vectors    3-vectors as one array per component; products of 3-vectors with the sums written out
    linalg           linear algebra for small matrices in a large batch
    first_passage    the first step at which a sequence exceeds a threshold
    fixed_point      fixed points of a function of a vector
    chunks           a compiled program on more rows than fit into memory at once
    precision        single precision for models
    arrays           array types for annotations
    numeric_input    checks of the arrays that a user passes

Axis letters in array annotations of this package:

    ...   any leading (batch) axes
    n     rows of a square matrix, or entries of a vector
    m     entries of a triangle, n (n + 1) / 2
    M     rows of a large array that is processed in chunks
    T     time steps
    N     trajectories
    K     vectors
"""
