from toolkit.supply.package import EmbeddedSbom
from toolkit.supply.python import python_packages

SITE = "opt/comp/venv/lib/python3.11/site-packages"
PANDAS = b"""Metadata-Version: 2.4
Name: Pandas.Core
Version: 2.2.2
License-Expression: BSD-3-Clause
Author-email: People <people@example.com>
Project-URL: Home-Page, https://pandas.example.com
Requires-Dist: numpy>=1
Requires-Dist: absent
Requires-Dist: numba; extra == "speed"
Requires-Dist: ???
Requires-Dist: numba; @DEEP@

A description.
""".replace(b"@DEEP@", b"(" * 5_000 + b"os_name == 'x'" + b")" * 5_000)


def test_distributions_are_read_from_their_metadata() -> None:
    files = {
        f"{SITE}/pandas_core-2.2.2.dist-info/METADATA": PANDAS,
        f"{SITE}/pandas_core-2.2.2.dist-info/sboms/auditwheel.cdx.json": b"{}",
        f"{SITE}/numpy-1.0.dist-info/METADATA": b"Name: numpy\nVersion: 1.0\n",
        f"{SITE}/numba-1.0.dist-info/METADATA": b"Name: numba\nVersion: 1.0\n",
        "usr/lib/python3/dist-packages/old.egg-info": b"Name: old\nVersion: 0.1\n",
        f"{SITE}/bad_Name-1.dist-info/METADATA": b"Name: \xff\xfe\nLicense-Expression: MIT\n",
        f"{SITE}/nothing.egg-info": b"\xff\xfe nothing\n",
    }
    packages = {package.name: package for package in python_packages(files)}
    assert packages.keys() == {"pandas-core", "numpy", "numba", "old", "bad-name"}
    pandas = packages["pandas-core"]
    assert (pandas.version, pandas.licenses, pandas.supplier) == (
        "2.2.2",
        ("BSD-3-Clause",),
        "People <people@example.com>",
    )
    assert pandas.homepage == "https://pandas.example.com"
    assert pandas.requires == ("numpy",)
    assert pandas.sboms == (
        EmbeddedSbom(path=f"{SITE}/pandas_core-2.2.2.dist-info/sboms/auditwheel.cdx.json", data=b"{}"),
    )
    assert packages["numpy"].sboms == ()
    # The folder has the name where the file's is not UTF-8.
    assert (packages["bad-name"].version, packages["bad-name"].licenses) == ("1", ("MIT",))
