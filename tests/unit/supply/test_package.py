from toolkit.supply.package import Contents, Ecosystem, Package, System, by_name, needed_by

DASH = Package(ecosystem=Ecosystem.DEBIAN, name="dash", version="1", path="var/lib/dpkg/status")
NUMPY = Package(ecosystem=Ecosystem.PYTHON, name="numpy", version="1.0", path="numpy-1.0.dist-info/METADATA")


def test_a_package_is_the_same_wherever_it_lies() -> None:
    assert NUMPY.key == ("pypi", "numpy", "1.0")


def test_packages_are_chosen_by_who_installed_them() -> None:
    contents = Contents(packages=(DASH, NUMPY), system=System())
    assert contents.of((Ecosystem.PYTHON,)) == (NUMPY,)
    assert contents.of(tuple(Ecosystem)) == (DASH, NUMPY)


def test_a_package_needs_those_of_its_own_ecosystem() -> None:
    one, two = (Package(ecosystem=Ecosystem.PYTHON, name="numpy", version=version, path="p") for version in "12")
    other = Package(ecosystem=Ecosystem.DEBIAN, name="numpy", version="1", path="p")
    user = Package(ecosystem=Ecosystem.PYTHON, name="pandas", version="1", path="p", requires=("numpy", "absent"))
    assert [*needed_by(user, by_name((user, two, other, one)))] == [one, two]
