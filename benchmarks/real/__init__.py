"""Logs of real machines: import, training and errors by the protocol of each machine."""
