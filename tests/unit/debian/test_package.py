import pytest

from toolkit.debian.control import relations
from toolkit.debian.package import Package, debian_architecture


@pytest.mark.parametrize(
    ("architecture", "variant", "expected"),
    [("amd64", None, "amd64"), ("arm64", "v8", "arm64"), ("arm", "v7", "armhf"), ("arm", "v6", "armel"),
     ("386", None, "i386"), ("ppc64le", None, "ppc64el")],
)  # fmt: skip
def test_architectures_have_debians_names(architecture: str, variant: str | None, expected: str) -> None:
    assert debian_architecture(architecture, variant) == expected


def of(**fields: str) -> Package:
    given = {"Package": "a", "Version": "1", "Architecture": "amd64", **fields}
    return Package.of({name.replace("_", "-"): text for name, text in given.items()})


def means(package: Package, text: str) -> bool:
    ((relation,),) = relations(text)
    return package.is_meant_by(relation)


def test_a_package_is_meant_by_its_name_and_by_those_that_it_provides() -> None:
    package = of(Provides="virtual, other (= 3)")
    assert means(package, "a (>= 1)")
    assert means(package, "a:any")
    assert means(package, "virtual")
    assert means(package, "other (>= 2)")
    # Without a version, nothing is known about it.
    assert not means(package, "virtual (>= 1)")
    assert not means(package, "other (>= 4)")
    assert not means(package, "a:i386")


def test_a_package_excludes_those_that_it_breaks_or_conflicts_with_but_not_itself() -> None:
    package = of(Conflicts="virtual", Breaks="b (<< 2)", Provides="virtual")
    assert package.excludes(of(Package="c", Provides="virtual"))
    assert package.excludes(of(Package="b"))
    assert not package.excludes(of(Package="b", Version="2"))
    assert not package.excludes(package)


def test_a_package_needs_what_it_predepends_on_first() -> None:
    assert [group[0].name for group in of(Depends="b", Pre_Depends="c").depends] == ["c", "b"]


@pytest.mark.parametrize("fields", [{"Package": "../a"}, {"Version": "1/2"}, {"Depends": "!"}, {"SHA256": "1"}])
def test_fields_that_make_no_sense_are_an_error(fields: dict[str, str]) -> None:
    with pytest.raises(Exception, match=r"not|names no"):
        of(**fields)
