"""Physics of one simulation step in JAX: kinematics, dynamics, contacts and constraints, as in MuJoCo.

Nothing in this package is learned. Functions handle one sample; callers use `vmap`. Positions are in m, angles in rad,
velocities in m/s and rad/s, forces in N and N m. Unless stated otherwise, vectors are in the world frame.

Axis letters in array annotations of this package and its subpackages:

    nq nv na nu   positions, degrees of freedom, activations and actuators of the robot
    S             entries of a state, nq + nv + na
    B             bodies (nbody)
    N             nodes of the joint tree
    K             points or vectors; in `collision`, pairs of geoms
    n             degrees of freedom of a base or of a limb
    r             rows of the square root of a limb's mass matrix
    G             geoms
    P F E         points, faces and edges of a shape
    M             contacts of one pair of geoms
    C             contact slots, or contacts
    R             constraint rows
    L             joint limits
    d             rows of an elliptic friction cone
"""
