from toolkit.debian.scripts import Alternative, effects_of

POSTINST = """#!/bin/sh
# update-alternatives --install /no /no /no 1
libdir=/usr/lib/x86_64-linux-gnu
if [ "$1" = configure ]; then
  update-alternatives --install ${libdir}/libblas.so.3 libblas.so.3-x86_64-linux-gnu \\
      $libdir/openblas/libblas.so.3 100 --slave /usr/bin/x x /usr/bin/x.real
fi
"""


def effects(script: str, name: str = "postinst") -> tuple[tuple[Alternative, ...], tuple[str, ...]]:
    found = effects_of({"control": b"", name: script.encode()})
    return found.alternatives, found.missed


def test_alternatives_are_read_with_simple_variables_and_slaves() -> None:
    assert effects(POSTINST) == (
        (
            Alternative(
                link="usr/lib/x86_64-linux-gnu/libblas.so.3",
                name="libblas.so.3-x86_64-linux-gnu",
                path="/usr/lib/x86_64-linux-gnu/openblas/libblas.so.3",
                priority=100,
            ),
            Alternative(link="usr/bin/x", name="x", path="/usr/bin/x.real", priority=100),
        ),
        (),
    )


def test_alternatives_in_loops_over_known_words_are_read() -> None:
    script = """
tools='java keytool'
while read x; do
  for i in $tools; do
    if [ -e x ]; then slave="--slave x"; fi
    update-alternatives \\
       --install /usr/bin/$i $i /usr/lib/jvm/bin/$i 1711 $slave
  done
done
update-alternatives --install /usr/bin/$i $i /usr/lib/jvm/bin/$i 1711
"""
    found, missed = effects(script)
    assert [(one.link, one.path) for one in found] == [
        ("usr/bin/java", "/usr/lib/jvm/bin/java"),
        ("usr/bin/keytool", "/usr/lib/jvm/bin/keytool"),
    ]
    # Behind the loop, the value is not known.
    assert missed == ("an alternative is not installed",)


def test_loops_in_loops_end() -> None:
    loops = "".join(f"for a{number} in {' '.join(map(str, range(50)))}; do\n" for number in range(9))
    assert len(effects(f"{loops}update-alternatives --install /x x /y 1")[0]) == 500


def test_an_alternative_whose_words_are_not_known_is_named() -> None:
    for line in (
        "update-alternatives --install $(dirname $0)/x x /x 1",
        "update-alternatives --install /usr/bin/$tool $tool /usr/lib/$tool 1",
        "update-alternatives --install '/x",
        "update-alternatives --install /a/../../x x /x 1",
        "update-alternatives --install /x ../x /x 1",
        "update-alternatives --install /x x",
    ):
        assert effects(line) == ((), ("an alternative is not installed",)), line


def test_what_a_component_may_miss_is_named_and_services_are_not() -> None:
    assert effects("adduser --system x\nsetcap cap_net_raw+ep /bin/ping\nupdate-rc.d x defaults")[1] == (
        "its users or groups are not added",
        "file capabilities are not set",
    )
    assert effects("groupadd x", "preinst")[1] == ("its users or groups are not added",)
    assert effects("#adduser x") == ((), ())
    assert effects("adduser x", "prerm") == ((), ())


def test_a_script_may_be_any_bytes() -> None:
    assert effects_of({"postinst": b"\x7fELF\xff\x00"}).missed == ()


def test_a_hostile_script_is_read_at_once_and_does_not_grow() -> None:
    # Each took the square of its length, in time or in memory.
    for script in ("\n" * 200_000 + "x", f"A={' ' * 200_000}x", "dpkg-divert " * 20_000):
        assert effects(script) == ((), ())
    value = "y" * 3900
    assert effects(f"A={value}\nB='{value}'\n" + "$A$B" * 900 + "\n") == ((), ())
    many = "for i in 1 2 3; do\nupdate-alternatives --install /x x /y 1\ndone\n" * 1000
    assert len(effects(many)[0]) == 500
