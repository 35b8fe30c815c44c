"""The interface of a component: its inputs and outputs, and how code receives them.

Functions here, and programs in `programs`, are read statically: the code is parsed, never imported. YAML, images and
the command line of `comp` are matters of other packages.
"""
