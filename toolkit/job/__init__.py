"""The job of `comp build`: from a component's folder to a pushed and pinned image.

Begin with `build.build`, which is the job in its order. Nothing here prints; `toolkit.cli` does.
"""
