"""Trajectories of robots: how they are drawn, simulated and stored.

    source.TrajectorySource --> simulate.simulate --> trajectories.Trajectories --> dataset.Dataset

A source draws initial states and actions. `simulate` runs them on one of two backends: `native` (C MuJoCo, module
`native`) or `mjx` (MuJoCo on JAX, module `mjx`). `collection` stores the trajectories of a source as a dataset, and
`describe` lists everything that determines the data.

Axes in the annotations: n trajectories, t control steps, p physics steps, s state coordinates [qpos, qvel, act],
u entries of an action.
"""
