"""Collision detection: which geoms may touch, and the contacts between them.

    pairs                 pairs of geoms that MuJoCo would collide
    contact_parameters    friction and compliance of each pair
    shapes                the shapes of geoms, and their points that may touch other shapes
    mesh                  the convex hull of a mesh, limited in size
    distances             signed distances of points from shapes
    narrowphase           the function that returns the contacts of each pair of shapes
    plane_contacts        contacts of planes with other shapes
    capsule_contacts      contacts of capsules with capsules and other convex shapes
    convex_contacts       contacts of other convex shapes
    pair_contacts         the result of the narrowphase for several pairs of the same two shapes
    pair_batch            all pairs of geoms of the same two shapes, tested by one call
    budget                number of contact slots of each pair, and the pairs that a network has as features
    contacts              all contact slots of a model, detected in one call

Axis letters are defined in `dynax.mechanics`.
"""
