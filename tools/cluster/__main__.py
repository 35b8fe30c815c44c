"""Bring a Kubernetes with Argo Workflows up on this machine, or take it down.

    python -m tools.cluster build           compile its programs, unless they are there
    python -m tools.cluster up
    python -m tools.cluster down
    python -m tools.cluster run COMMAND…    up if it is down, run the command, then down again

`COMP_CLUSTER` names the folder of its state; the default is one for the whole machine.
"""

import argparse
import os
import signal
import sys
from types import FrameType

from toolkit.errors import CompError
from tools.cluster.lifecycle import down, run, up
from tools.cluster.places import State
from tools.cluster.programs import build
from tools.cluster.reporting import Steps

# The exit codes of programs that a signal ends, as in shells.
_BY_SIGNAL = 128
_INTERRUPTED = _BY_SIGNAL + signal.SIGINT


def main() -> int:
    """Run a command and return its exit code."""
    parser = argparse.ArgumentParser(prog="tools.cluster", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("action", choices=("build", "up", "down", "run"))
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()
    steps = Steps(write=lambda text: print(text, flush=True))
    # A user's PATH often lacks the folder of the programs that only root needs.
    os.environ["PATH"] = f"{os.environ.get('PATH', '')}:/usr/sbin"
    # So that a start that is ended is undone, as after Ctrl-C.
    signal.signal(signal.SIGTERM, _leave)
    try:
        state = State.find(os.environ)
        if options.action == "run":
            return run(state, os.environ, steps, options.command)
        if options.action == "build":
            build(os.environ, steps)
        elif options.action == "up":
            up(state, os.environ, steps)
        else:
            down(state, steps)
    except CompError as error:
        print(f"error: {error}" + (f"\n\nhint: {error.hint}" if error.hint else ""), file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return _INTERRUPTED
    return 0


def _leave(number: int, frame: FrameType | None) -> None:
    del frame
    sys.exit(_BY_SIGNAL + number)


if __name__ == "__main__":
    sys.exit(main())
