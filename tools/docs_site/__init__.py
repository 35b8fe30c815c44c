"""The documentation site: the Markdown of docs/ and what it links to, built by zensical, and its links checked.

`make docs` writes it to build/site. The pages of docs/reference are written by `tools.reference_pages`.
"""
