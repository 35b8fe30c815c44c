"""What publishers do: put releases into registries of any kind, take back what is wrong, copy between registries.

It knows no kind of registry: what one can do is in `toolkit.registry.protocol`.
"""
