"""What a registry in git does not commit: all that is derived, since two branches would conflict in it."""

GITIGNORE = ".gitignore"
IGNORED = """\
# comp makes these from the records, also with `comp registry reindex`; in commits, branches would conflict in them.
/index/
/catalog.jsonl.gz
/c/*/*/component.yaml
/c/*/*/versions/
/.lock
/.pending
.*.tmp
"""
