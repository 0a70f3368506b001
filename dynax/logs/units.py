"""Units of columns: guessed from the ends of their names, and converted to SI units where the mapping states them."""

import math

from dynax.errors import UserError, did_you_mean

# unit: SI unit, and the factor to it
UNITS = {
    "rad": ("rad", 1.0),
    "deg": ("rad", math.pi / 180),
    "rev": ("rad", 2 * math.pi),
    "m": ("m", 1.0),
    "cm": ("m", 1e-2),
    "mm": ("m", 1e-3),
    "rad/s": ("rad/s", 1.0),
    "deg/s": ("rad/s", math.pi / 180),
    "rpm": ("rad/s", math.pi / 30),
    "m/s": ("m/s", 1.0),
    "mm/s": ("m/s", 1e-3),
    "s": ("s", 1.0),
    "ms": ("s", 1e-3),
    "us": ("s", 1e-6),
    "ns": ("s", 1e-9),
    "N": ("N", 1.0),
    "Nm": ("Nm", 1.0),
    "mNm": ("Nm", 1e-3),
    "V": ("V", 1.0),
    "mV": ("V", 1e-3),
    "A": ("A", 1.0),
    "mA": ("A", 1e-3),
    "1": ("1", 1.0),
}
SUFFIXES = sorted(((unit.replace("/", "_"), unit) for unit in UNITS if unit != "1"), key=lambda x: -len(x[0]))
UNKNOWN = "1"


def check_unit(argument: str, unit: str) -> None:
    """Raise UserError unless `UNITS` contains the unit."""
    if unit not in UNITS:
        raise UserError(
            f"{argument}={unit} is not one of {', '.join(UNITS)}{did_you_mean(unit, UNITS)}; scale converts others",
            argument,
        )


def guess_unit(column: str) -> str | None:
    """Return the unit at the end of a column's name, such as deg of `elbow_deg`, or None."""
    for suffix, unit in SUFFIXES:
        if column.endswith((f"_{suffix}", f"[{unit}]", f"({unit})")):
            return unit
    return None
