"""Findings about components: rules, one function each, and reports of what they find.

It reads contracts, settings and code. It changes nothing, and needs no network.
"""
