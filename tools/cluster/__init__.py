"""A whole Kubernetes with Argo Workflows on this machine, for tests: built, started and stopped again.

Everything listens on loopback or on a bridge of the cluster's own, and all state lies in one folder. It is an engine
for tests, never a dependency of the product.
"""
