"""Single keys of a terminal, or characters of whatever standard input is."""

import os
import select
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def keyboard() -> Iterator[Callable[[], str]]:
    """Yield a function that waits for a key and returns it; "" at the end of the input, "\\n" for Enter.

    The terminal is put back as it was in the end. Nothing that is typed ahead is lost, which switching the terminal to
    and fro for each key would do.
    """
    if not sys.stdin.isatty():
        yield lambda: sys.stdin.read(1)
        return
    import termios  # of Unix alone
    import tty

    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    tty.setcbreak(terminal, termios.TCSANOW)

    def key() -> str:
        typed = os.read(terminal, 1)
        if typed == b"\x1b":  # an arrow or the like is several characters, and no answer
            while select.select([terminal], [], [], 0.02)[0]:
                os.read(terminal, 1)
        return typed.decode("ascii", "replace")

    try:
        yield key
    finally:
        termios.tcsetattr(terminal, termios.TCSANOW, before)
