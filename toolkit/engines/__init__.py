"""The engines of builders and runners: docker, Kubernetes and S3 by their SDKs, buildah by subprocess.

They know images, containers, pods and objects, and nothing of components.
"""
