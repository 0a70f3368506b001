"""The distributions of a robot's initial states: uniform in a box, around a keyframe, or standing on the floor.

Axes of arrays: n states, s coordinates of a state (nq + nv + na), nq positions, nv degrees of freedom.
"""
