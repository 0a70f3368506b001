"""Tables on standard error. Names and units such as `[rad]` are no markup."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table


def stderr_console() -> Console:
    """Return a console on the current standard error. Without a terminal, it is wide enough for every table."""
    stderr = Console(stderr=True)
    return stderr if stderr.is_terminal else Console(stderr=True, width=160)


def facts(title: str, rows: Sequence[tuple[str, str]]) -> None:
    """Print a table of names and values."""
    grid = Table(title=escape(title), title_style="bold", title_justify="left", show_header=False)
    grid.add_column(style="bold")
    grid.add_column()
    for row in rows:
        grid.add_row(*map(escape, row))
    stderr_console().print(grid)


def table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[str]], caption: str = "", right: bool = True
) -> None:
    """Print a table whose first column names the rows. The other columns contain numbers, or texts unless `right`."""
    grid = Table(title=escape(title), title_style="bold", title_justify="left")
    grid.caption, grid.caption_justify = escape(caption), "left"
    for i, name in enumerate(columns):
        grid.add_column(
            escape(name), justify="right" if i and right else "left", style="bold" if i == 0 else "", no_wrap=i == 0
        )
    for row in rows:
        grid.add_row(*map(escape, row))
    stderr_console().print(grid)
