"""What of a package an image does without, and the files that maintainer scripts would make and every image needs."""

_LEFT_OUT = (
    *("dev", "var/cache", "var/log", "var/lib/apt"),
    *("usr/share/man", "usr/share/locale", "usr/share/info", "usr/share/lintian", "usr/share/doc-base"),
)
# Of the documents, licences come along, as most of them ask, and the links between the folders of packages.
_DOCUMENTS = "usr/share/doc/"

CERTIFICATES = "usr/share/ca-certificates/"
BUNDLE = "etc/ssl/certs/ca-certificates.crt"


def is_left_out(path: str, *, is_folder: bool, is_link: bool) -> bool:
    """Return whether an image does without a file of a package."""
    if path.startswith(_DOCUMENTS):
        _, slash, inside = path.removeprefix(_DOCUMENTS).partition("/")
        return inside != "copyright" if slash else not (is_folder or is_link)
    return any(path == name or path.startswith(f"{name}/") for name in _LEFT_OUT)


def is_certificate(path: str) -> bool:
    """Return whether a file is a certificate of an authority, which belongs in the bundle of all of them."""
    return path.startswith(CERTIFICATES) and path.endswith(".crt")
