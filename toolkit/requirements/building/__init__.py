"""Wheels built from source: source distributions, projects in git, projects on this disk.

`build` is the way in. `wheel_build` builds one wheel: here by `jail_builder`, whose `frontend` runs in the jail, else
in a container of the base. `packing` gives every wheel one form. The other modules read projects without running them.
"""
