"""How far a trained model can be trusted: fresh test trajectories, the energy a model invents, and the plots."""
