"""Probe a program: run it in a process of its own until it parses its command line, and take what its parser knows.

`driver.py` runs inside that process, under the program's interpreter; `probe.py` starts it and reads its answer.
Programs are run only with the user's `--exec`; `toolkit.interface.programs` reads them without running them.
"""
