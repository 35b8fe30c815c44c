from toolkit.supply.package import Contents, Ecosystem, Package, System

DASH = Package(ecosystem=Ecosystem.DEBIAN, name="dash", version="1", path="var/lib/dpkg/status")
NUMPY = Package(ecosystem=Ecosystem.PYTHON, name="numpy", version="1.0", path="numpy-1.0.dist-info/METADATA")


def test_a_package_is_the_same_wherever_it_lies() -> None:
    assert NUMPY.key == ("pypi", "numpy", "1.0")


def test_packages_are_chosen_by_who_installed_them() -> None:
    contents = Contents(packages=(DASH, NUMPY), system=System())
    assert contents.of((Ecosystem.PYTHON,)) == (NUMPY,)
    assert contents.of(tuple(Ecosystem)) == (DASH, NUMPY)
