"""Properties of a robot, read from its MuJoCo model.

Axes of arrays: nq positions, nv degrees of freedom, nu controls, nbody bodies, ngeom geoms, P planes.
Axes with these names have the sizes of the `MjModel` that a function receives.
"""
