"""Findings about components: rules, one function each, fixes, and reports of what they find.

It reads contracts, settings and code, writes fixes that are asked for, and needs no network.
"""
