"""What must not be torn apart by Ctrl-C: a training's step is taken whole or not at all."""

import contextlib
import signal
import threading


@contextlib.contextmanager
def held_back():
    """Hold Ctrl-C back until the end of the block: for a few milliseconds of changes.

    Only the main thread gets Ctrl-C; in other threads nothing is to be done.
    """
    former = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(former):
        yield
        return
    caught = []
    signal.signal(signal.SIGINT, lambda *details: caught.append(details))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, former)
        if caught:
            former(*caught[0])
