"""Contracts that KFP 1.8 reads and KFP 2 refuses, rewritten to what both read: the changes, each with its reason.

A migration says what it changes as edits and as a model; the result counts only if both agree. Code is in
`toolkit.migration.functions`, and `toolkit.migration.together` alone writes files.
"""
