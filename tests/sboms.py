"""An image and a package that SBOMs are written of."""

from toolkit.digest import Digest
from toolkit.supply.package import Ecosystem, Package
from toolkit.supply.subject import Subject

SUBJECT = Subject(
    digest=Digest("a" * 64),
    name="train-model",
    version="1.2.0",
    description="Fit a model",
    licenses=("MIT",),
    source="https://example.com/ml.git",
    created="2026-01-31T12:00:00Z",
    architecture="amd64",
    repository="registry.example.com/ml/Train",
)
NUMPY = Package(
    ecosystem=Ecosystem.PYTHON,
    name="numpy",
    version="1.0",
    path="site-packages/numpy-1.0.dist-info/METADATA",
    licenses=("BSD-3-Clause",),
    homepage="https://numpy.example.com",
    supplier="People",
    sha256="b" * 64,
)
