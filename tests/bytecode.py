"""Bytecode of small wheels, compiled by this machine's Python for a base of another processor."""

import sys

from msgspec.structs import replace

from tests.artifacts import FACTS, base_image, base_of
from toolkit.cache.store import Cache
from toolkit.python.target import Base
from toolkit.wheels.bytecode.compiling import Bytecode, Compilers
from toolkit.wheels.wheel import Wheel

# A base of another processor, whose Python is of this machine's version: the latter compiles for it.
VERSION = sys.version.split()[0]
MINOR = ".".join(VERSION.split(".")[:2])
TAG = MINOR.replace(".", "")
HERE = base_of(base_image(config={"architecture": "riscv64"}), replace(FACTS, version=VERSION))
SITE = f"opt/comp/venv/lib/python{MINOR}/site-packages"
CODE = 'ANSWER = 42\n\n\ndef f(x: int = 1) -> tuple[int, str]:\n    return x, "a" * x\n'


def compiled(cache: Cache, *wheels: Wheel, base: Base = HERE) -> tuple[Bytecode, ...]:
    with Compilers(cache) as compilers:
        found = compilers.of([base]).compile(wheels, base)
    assert found is not None
    return found
