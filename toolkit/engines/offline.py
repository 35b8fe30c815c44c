"""Runs a program without a network, and without a way to gain rights.

It is a program of its own, for root on Linux: `python -I -S offline.py PROGRAM [ARGUMENT]...`
"""

import ctypes
import fcntl
import os
import socket
import struct
import sys

# linux/sched.h, linux/prctl.h, linux/sockios.h, linux/if.h
NEW_NETWORK, NO_NEW_PRIVILEGES, SET_FLAGS, UP = 0x40000000, 38, 0x8914, 1


def main(command: list[str]) -> None:
    """Replace this process by the program; of the network, only the loopback interface is left, as in a pod."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(NEW_NETWORK) or library.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        # A new namespace's loopback is down.
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sh22x", b"lo", UP))
    os.execvp(command[0], command)  # noqa: S606 (an argument list, no shell)


if __name__ == "__main__":
    main(sys.argv[1:])
