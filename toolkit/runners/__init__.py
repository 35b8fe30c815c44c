"""Run a component's container command and collect its outputs.

Four runners do the same: by docker, by buildah, as a plain process, and on a cluster by Argo. None of them knows of
pipelines.
"""
