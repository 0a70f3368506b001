"""Harnesses that provoke faults."""
