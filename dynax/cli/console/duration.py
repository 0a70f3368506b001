"""Durations as text."""


def duration(seconds: float) -> str:
    """Return a duration as `7 s`, `2 min 05 s` or `1 h 02 min`."""
    rounded = round(seconds)
    if rounded < 60:
        return f"{rounded} s"
    if rounded < 3600:
        return f"{rounded // 60} min {rounded % 60:02d} s"
    return f"{rounded // 3600} h {rounded % 3600 // 60:02d} min"
