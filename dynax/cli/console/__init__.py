"""Progress and tables for the user, always on standard error."""

from dynax.cli.console.duration import duration
from dynax.cli.console.progress import progress
from dynax.cli.console.tables import facts, table

__all__ = ["duration", "facts", "progress", "table"]
