import pytest

from toolkit.errors import OutsideError
from toolkit.http.hosts import InsecureHosts, is_loopback


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("localhost:5000", True),
        ("127.0.0.1:5000", True),
        ("127.8.8.8", True),
        ("[::1]:5000", True),
        ("127.0.0.1.example.com", False),
        ("localhost.example.com", False),
        ("10.0.0.1:5000", False),
        ("[::2]", False),
    ],
)
def test_this_machine(host: str, *, loopback: bool) -> None:
    assert is_loopback(host) is loopback
    assert InsecureHosts.of({}).allow_plain(host) is loopback


def test_listed_hosts_may_be_plain() -> None:
    insecure = InsecureHosts.of({"COMP_INSECURE_REGISTRIES": "A.example.com b.example.com:80, c.example.com"})
    assert insecure.allow_plain("a.example.com:5000")
    assert insecure.allow_plain("b.example.com:80")
    assert not insecure.allow_plain("b.example.com")
    assert insecure.allow_plain("c.example.com")
    insecure.check("http", "c.example.com", "x")
    insecure.check("https", "d.example.com", "x")
    for scheme in ("http", "ftp", ""):
        with pytest.raises(OutsideError, match="which is not encrypted"):
            insecure.check(scheme, "d.example.com", "x")
