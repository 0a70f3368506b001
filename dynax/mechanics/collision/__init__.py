"""Collision detection: which geoms may touch, and the contacts between them.

    pairs                 pairs of geoms that MuJoCo would collide
    contact_parameters    friction and compliance of each pair
    shapes, mesh, distances       the shapes of geoms, and signed distances from them
    narrowphase           contacts between two shapes (plane_contacts, capsule_contacts, convex_contacts)
    pair_contacts         the result of the narrowphase for several pairs of the same two shapes
    pair_batch            all pairs of geoms of the same two shapes, tested by one call
    budget                number of contact slots of each pair, and the pairs that a network can afford
    contacts              all contact slots of a model, detected in one call

Axis letters are defined in `dynax.mechanics`.
"""
