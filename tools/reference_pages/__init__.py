"""The pages of docs/reference, made of the code: the help of the commands, the schema of the settings, the Python API.

`make reference` writes them; a test fails while they differ.
"""
