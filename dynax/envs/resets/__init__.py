"""The distributions of a robot's initial states: uniform in a box, around a keyframe, or standing on the floor.

`Env.sample_states` draws them: `FeasibleSampler.sample` calls the reset of the robot. `env.reset` in
`conf/env/<robot>.yaml` names the reset.

    reset         the contract of a reset, and the state of a keyframe
    uniform       positions and velocities in a box around the default pose
    keyframe      a keyframe with Gaussian noise
    standing      robots on a floor, near the home pose or anywhere
    feasible      states of a reset that satisfy the constraints of the robot: all states that `Env` draws
    placement     distance from the floor, and overlaps of geoms
    equalities    projection onto equality constraints
    limits        projection onto joint limits

The default pose is MuJoCo's `qpos0`. The home pose is the keyframe around which a reset draws its states, or the
default pose if the reset or the robot has no keyframe.

Axes of arrays: n states, s coordinates of a state (nq + nv + na), nq positions, nv degrees of freedom.
"""
