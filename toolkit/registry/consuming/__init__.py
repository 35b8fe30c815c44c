"""What consumers do: choose a registry, take components into a project, lock them and see how they stand.

It knows no kind of registry: what one can do is in `toolkit.registry.protocol`.
"""
