"""How a component ended, in words: its exit code, and the signal that it means."""

import signal

# A shell's convention, which the launcher and the engines follow: 128 and the signal's number.
_BY_SIGNAL = 128
_MEANINGS = {
    "SIGKILL": "killed, perhaps because it needed more memory than it may use",
    "SIGTERM": "asked to end",
    "SIGINT": "interrupted",
    "SIGSEGV": "a crash in machine code",
    "SIGABRT": "aborted by its own code",
    "SIGILL": "an instruction that this processor does not know",
    "SIGBUS": "a crash in machine code, or /dev/shm is full",
    "SIGFPE": "a crash in machine code",
    "SIGXCPU": "out of processor time",
    "SIGPIPE": "it wrote to a closed pipe",
}


def ending(exit_code: int, reason: str | None = None) -> str:
    """Describe an exit code that is not 0: `exit code 1`, `exit code 137 (SIGKILL: killed, …)`.

    A `reason` that the runner knows takes the place of the signal's usual meaning.
    """
    try:
        name = signal.Signals(exit_code - _BY_SIGNAL).name
    except ValueError:
        return f"exit code {exit_code}{f' ({reason})' if reason else ''}"
    meaning = reason or _MEANINGS.get(name)
    return f"exit code {exit_code} ({name}{f': {meaning}' if meaning else ''})"
