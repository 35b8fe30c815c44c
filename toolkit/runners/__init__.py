"""Run a component's container command on this machine and collect its outputs.

Three runners do the same by docker, by buildah and as a plain process; none of them knows of pipelines.
"""
