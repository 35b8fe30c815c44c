"""The name that requests give this program: the firewalls of some servers refuse those without a name."""

from toolkit import __version__

AGENT = f"comp/{__version__}"
