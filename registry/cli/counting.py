# SPDX-License-Identifier: Apache-2.0
"""Shows on a terminal how far long work is: what is done, how many, since when."""

import contextlib
import sys
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def counted(what: str = "compared") -> "Iterator[Callable[[str, int], None]]":
    """Gives what is told what is done and how much of it; says nothing where stderr is no terminal."""
    if not sys.stderr.isatty():
        yield lambda _what, _number: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.completed:,.0f} {task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(what, total=None)
        yield lambda what, number: progress.update(task, description=what, completed=number)
