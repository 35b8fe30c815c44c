"""Licenses as packages state them, as SPDX expressions where that is certain.

Sources: PEP 639 (`License-Expression`), trove classifiers, Debian's machine-readable copyright files 1.0, the names
below /usr/share/common-licenses.
"""

import functools
import re
from collections.abc import Sequence
from typing import Any

# Trove classifiers that name one license; "BSD License" names several, and stays a name.
_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "Academic Free License (AFL)": "AFL-3.0",
    "Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
    "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication": "CC0-1.0",
    "European Union Public Licence 1.2 (EUPL 1.2)": "EUPL-1.2",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
    "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v2 or later (LGPLv2+)": "LGPL-2.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "GNU Lesser General Public License v3 or later (LGPLv3+)": "LGPL-3.0-or-later",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 1.1 (MPL 1.1)": "MPL-1.1",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
    "Universal Permissive License (UPL)": "UPL-1.0",
    "zlib/libpng License": "Zlib",
    "Zope Public License": "ZPL-2.1",
}
# What people write in the free field `License`, in lower case.
_USUAL = {
    "apache 2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "apache software license 2.0": "Apache-2.0",
    "apache-2": "Apache-2.0",
    "bsd 3-clause": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "bsd-3-clause license": "BSD-3-Clause",
    "bsd 2-clause": "BSD-2-Clause",
    "isc license": "ISC",
    "lgplv3": "LGPL-3.0-only",
    "lgplv3+": "LGPL-3.0-or-later",
    "gplv3": "GPL-3.0-only",
    "gplv3+": "GPL-3.0-or-later",
    "gplv2+": "GPL-2.0-or-later",
    "mit license": "MIT",
    "the mit license": "MIT",
    "the mit license (mit)": "MIT",
    "modified bsd": "BSD-3-Clause",
    "mpl 2.0": "MPL-2.0",
    "new bsd": "BSD-3-Clause",
    "new bsd license": "BSD-3-Clause",
    "psf": "PSF-2.0",
    "psfl": "PSF-2.0",
    "python software foundation license": "PSF-2.0",
}
# Debian's short names that differ from SPDX's (copyright-format 1.0, section 7.1.1).
_DEBIAN = {
    "expat": "MIT",
    "bsd-2-clause": "BSD-2-Clause",
    "bsd-3-clause": "BSD-3-Clause",
    "artistic": "Artistic-1.0-Perl",
    "perl": "Artistic-1.0-Perl OR GPL-1.0-or-later",
    "psf-2": "PSF-2.0",
    "zlib": "Zlib",
    "isc": "ISC",
    "public-domain": "public-domain",
}
_GNU = re.compile(r"(A?GPL|LGPL|GFDL|LPPL|MPL)-?v?(\d+)(?:\.(\d+))?(\+)?", re.IGNORECASE)
_OR_LATER = frozenset({"AGPL", "GPL", "LGPL", "GFDL"})
_COMMON = re.compile(r"/usr/share/common-licenses/([A-Za-z]+(?:-[0-9][0-9.]*[0-9]|-[0-9])?)")
_FORMAT = re.compile(r"\A\s*Format(?:-Specification)?:", re.IGNORECASE)
_FIELD = re.compile(r"^License:[ \t]*(\S[^\n]*)$", re.MULTILINE | re.IGNORECASE)
_JOINED = re.compile(r"\s+(?:and|or)\s+|\s*,\s*(?:and|or)?\s*|\s*\|\s*", re.IGNORECASE)
# Phrases of whole license texts, in lower case with single spaces, and what a text with all of them is.
_TEXTS = (
    (("redistribution and use in source and binary forms", "neither the name"), "BSD-3-Clause"),
    (("redistribution and use in source and binary forms",), "BSD-2-Clause"),
    (("permission is hereby granted, free of charge", 'the software is provided "as is"'), "MIT"),
    (("permission to use, copy, modify, and/or distribute this software",), "ISC"),
    (("apache license version 2.0, january 2004",), "Apache-2.0"),
    (("mozilla public license version 2.0",), "MPL-2.0"),
)
# Characters: the license comes first, and those of bundled code after it.
_FIRST = 2500
# Characters: more than any expression has.
_LONGEST_EXPRESSION = 500
# Characters: a longer text is a whole license, not its name.
_LONGEST_NAME = 80


@functools.cache
def _licensing() -> Any:  # noqa: ANN401 (the library has no types)
    """Return the parser that knows SPDX's list; making it reads the whole list."""
    from license_expression import get_spdx_licensing

    return get_spdx_licensing()


def parse_spdx(text: str) -> Any:  # noqa: ANN401 (the library has no types)
    """Return the parsed SPDX expression (SPDX 2.3, annex D); None for a text that is not one."""
    from license_expression import ExpressionError

    # Its parser takes long texts for long expressions.
    if not text or len(text) > _LONGEST_EXPRESSION:
        return None
    try:
        return _licensing().parse(text, validate=True, strict=True)
    except (ExpressionError, AttributeError, TypeError, IndexError, RecursionError):
        return None


@functools.lru_cache(maxsize=4096)
def spdx(text: str) -> str | None:
    """Return the SPDX expression in its usual spelling; None for a text that is not one."""
    parsed = parse_spdx(text)
    return str(parsed) if parsed is not None else None


def python_licenses(expression: str, classifiers: Sequence[str], text: str) -> tuple[str, ...]:
    """Return the licenses that a distribution's metadata states, from the most certain field on."""
    if expression:
        return (spdx(expression) or expression,)
    named = [line.rpartition(" :: ")[2] for line in classifiers if line.startswith("License ::")]
    found = [_CLASSIFIERS.get(name, name) for name in named if name not in {"OSI Approved", "License"}]
    written = " ".join(text.split())
    short = written if len(written) <= _LONGEST_NAME and written.lower() not in {"", "unknown"} else ""
    if found and all(map(spdx, found)):
        return tuple(dict.fromkeys(found))
    # The field is more exact than a classifier such as "BSD License".
    if exact := _USUAL.get(short.lower()) or spdx(short) or _of_text(written):
        return (exact,)
    return tuple(dict.fromkeys(found)) or ((short,) if short else ())


def _of_text(text: str) -> str | None:
    """Return the license whose text this is; None if it is not one that is known."""
    first = text[:_FIRST].lower()
    return next((license_ for phrases, license_ in _TEXTS if all(phrase in first for phrase in phrases)), None)


def debian_licenses(copyright_file: str) -> tuple[str, ...]:
    """Return the licenses that a Debian package's copyright file names, in its order."""
    if _FORMAT.match(copyright_file):
        # One space in place of many: the pattern tries each of them.
        names = [name for line in _FIELD.findall(copyright_file) for name in _JOINED.split(" ".join(line.split()))]
    else:
        names = _COMMON.findall(copyright_file)
    return tuple(dict.fromkeys(debian_name(name.strip()) for name in names if name.strip()))


def debian_name(name: str) -> str:
    """Return the SPDX identifier of one of Debian's short names, or else the name itself."""
    if known := _DEBIAN.get(name.lower()):
        return known
    base, _, exception = name.partition(" with ")
    if match := _GNU.fullmatch(base):
        family, major, minor, later = match[1].upper(), match[2], match[3] or "0", match[4]
        ending = ("-or-later" if later else "-only") if family in _OR_LATER else ""
        # An exception has another name at Debian than at SPDX, and the license alone would be wrong.
        return f"{family}-{major}.{minor}{ending}" if not exception else name
    return spdx(name) or name
