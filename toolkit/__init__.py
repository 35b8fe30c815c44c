"""Package Python functions and programs as pipeline components.

`toolkit` is the library behind the `comp` command: it reads an interface from code, builds and pushes the
container image, writes and checks `component.yaml`, and keeps component registries.
It never imports the code it packages, and it is not needed inside the images it makes.
"""

__version__ = "0.1.0"
