"""What the operating system offers, made safe: files and folders, processes, threads, signals, and its errors.

Nothing here knows of components or images.
"""
