"""Where trajectories come from and where they are kept: a source draws them, a simulator runs them, a dataset has them.

    source.Source --> simulate.simulate --> trajectories.Trajectories --> dataset.Dataset

`collection` makes a dataset of a source, `manifest` says what made it, and `hidden_state` whether its states are all.
"""
