"""What the operating system offers, made safe: files, folders, patterns of paths, processes, threads, signals, errors.

Nothing here knows of components or images.
"""
