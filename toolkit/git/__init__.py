"""Read a git repository: its commits, the blobs in them, and what differs from the files on the disk.

Everything is read by the `git` program, which starts no other program here, fetches nothing and writes nothing.
Nothing is checked out. Fetching a repository by its address is the work of `toolkit.requirements.git`, and of
`toolkit.registry.git`.
"""
