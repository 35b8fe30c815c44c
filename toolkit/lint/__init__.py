"""Findings about components: rules, one function each, and the reporters that print them.

It reads contracts, settings and code; it changes nothing and needs no network.
"""
