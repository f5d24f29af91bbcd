"""What a terminal shows while something takes its time: a bar or a spinner, and when equations are being compiled; nothing anywhere else."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

__all__ = ["COMPILING", "progress_bar", "told_of_compiling", "working"]

COMPILING = "compiling the equations, once for this kind of run"


@contextmanager
def progress_bar(first: str, *, compiles: bool = True) -> Iterator[Callable[[float, str], None]]:
    """Yield a function of fraction (0-1) and message that moves a bar on a terminal, and shows nothing anywhere else.

    Everywhere it is also where work in other threads learns that the user has stopped the command.
    Arguments: first (message, until there is another); compiles (whether equations may be compiled meanwhile, which is then said).
    """
    with _stopping() as check, _bar(first, compiles) as move:

        def told(fraction: float, message: str) -> None:
            check()
            move(fraction, message)

        yield told


@contextmanager
def _bar(first: str, compiles: bool) -> Iterator[Callable[[float, str], None]]:
    if not sys.stderr.isatty():
        yield lambda fraction, message: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:3.0f} %"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task, last = bar.add_task(first, total=1.0), [first]

        def move(fraction: float, message: str) -> None:
            last[0] = message
            bar.update(task, completed=min(max(fraction, 0.0), 1.0), description=message)

        def compiling(now: bool) -> None:
            bar.update(task, description=COMPILING if now else last[0])

        with told_of_compiling(compiling) if compiles else nullcontext():  # it imports the compiler
            yield move


@contextmanager
def _stopping() -> Iterator[Callable[[], None]]:
    """Yield a function that raises KeyboardInterrupt, in whatever thread, once the user has stopped the command.

    Python tells the main thread alone; without this it would wait until the others have done all of their work.
    """
    stopped = threading.Event()

    def check() -> None:
        if stopped.is_set():
            raise KeyboardInterrupt

    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield check  # somebody else looks after it, or it is ignored
        return

    def stop(number: int, frame: object) -> None:
        stopped.set()
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, stop)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@contextmanager
def working(message: str) -> Iterator[None]:
    """Show on a terminal that something takes its time; print nothing anywhere else."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with (
        Console(stderr=True).status(message) as status,
        told_of_compiling(lambda now: status.update(COMPILING if now else message)),
    ):
        yield


@contextmanager
def told_of_compiling(told: Callable[[bool], None]) -> Iterator[None]:
    """Call ``told`` with True when Numba begins to compile a function, and with False when it has; not when it loads one from its cache.

    Several threads may compile at once; the first begins it and the last ends it.
    """
    from numba.core.event import Event, Listener, install_listener

    class Counting(Listener):
        depth = 0

        def on_start(self, event: Event) -> None:
            self.depth += 1
            if self.depth == 1:
                told(True)

        def on_end(self, event: Event) -> None:
            self.depth -= 1
            if self.depth == 0:
                told(False)

    with install_listener("numba:compile", Counting()):
        yield
