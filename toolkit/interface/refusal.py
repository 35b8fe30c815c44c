"""Why an annotation cannot be read."""


class NotUnderstood(Exception):  # noqa: N818 (the reader turns it into a finding with a place)
    """An annotation that has no meaning here; `args` hold what is wrong and what to write instead."""
