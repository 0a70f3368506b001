"""Logs of real machines: reading them, cleaning them, and storing them as datasets.

    formats.read --> recording.Recording --> channels --> segments --> blocks --> a dataset (module `importing`)

    mapping        which column is which: positions, velocities, actions, time, units
    formats/       one file per format
    draft          a mapping drafted from what a source contains
    clock          time stamps: duplicates, jumps and gaps
    faults         faults of single channels: missing, wrapped, saturated and stuck values
    channels       valid samples of each quantity, in the unit of the dataset
    nothing_left   the reason why no sample of a log is left
    segments       stretches without gaps, on a regular grid of time
    blocks         segments as trajectories of one length, for training and for testing
    smoothing      velocities from positions, and the noise of a channel
    delay          time between a command and its effect
    machine        the machine as a robot, with or without mechanics
    description    the origin of the columns, and checksums of the source
    report         what was kept, changed and dropped
    inspection     coverage, excitation, noise and outliers of a dataset

Axes in the annotations: n samples, c channels, t samples of a segment.
"""
