"""The pages of docs/rules, made of the docstrings of the rules, with the real output of their examples.

`python -m tools.rule_pages` writes them; a test fails while they differ. What users install has the pages alone.
"""
