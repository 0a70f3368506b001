"""Logs of real machines: reading them, cleaning them, and storing them as datasets.

    formats.read --> recording.Recording --> channels --> segments --> blocks --> a dataset (module `importing`)

    mapping        which column is which: positions, velocities, actions, time, units
    formats/       one file per format
    draft          a mapping drafted from what a source contains
    clock          time stamps: duplicates, jumps and gaps
    faults         faults of single channels: missing, wrapped, quantized, saturated and stuck values
    resample       channels on a common time grid
    smoothing      velocities from positions, and the noise of a channel
    delay          time between a command and its effect
    report         what was kept, changed and dropped
    inspection     coverage, excitation, noise and outliers of a dataset

Axes in the annotations: n samples, c channels, t samples of a segment.
"""
