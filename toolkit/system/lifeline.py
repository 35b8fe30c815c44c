"""Runs a program that ends with the process which began it, even if that one is killed.

It is a program of its own, for Linux: `python -I -S lifeline.py PARENT PROGRAM [ARGUMENT]...`
"""

import ctypes
import os
import signal
import sys

# linux/prctl.h
PARENT_DEATH = 1


def main(parent: int, command: list[str]) -> None:
    """Replace this process by the program, which is asked to end when the process `parent` ends."""
    ctypes.CDLL(None).prctl(PARENT_DEATH, int(signal.SIGTERM))
    # It may have ended before.
    if os.getppid() == parent:
        os.execv(command[0], command)  # noqa: S606 (an argument list, no shell)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
