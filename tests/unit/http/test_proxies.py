from urllib.parse import urlsplit

import pytest

from toolkit.errors import InputError
from toolkit.http.proxies import Proxy, find_proxy


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "proxy:3128"}, "http://proxy:3128"),
        ({"https_proxy": "http://proxy:3128", "http_proxy": "http://no"}, "http://proxy:3128"),
        ({"ALL_PROXY": "http://all"}, "http://all"),
        ({"HTTPS_PROXY": "http://proxy", "NO_PROXY": "example.com"}, None),
        ({"HTTPS_PROXY": "http://proxy", "no_proxy": "*"}, None),
        ({"HTTPS_PROXY": "http://proxy", "NO_PROXY": "other.com, example.org"}, "http://proxy"),
        ({"HTTPS_PROXY": ""}, None),
    ],
)
def test_proxies(environ: dict[str, str], expected: str | None) -> None:
    found = find_proxy(urlsplit("https://registry.example.com/v2/"), environ)
    assert (found.url if found else None) == expected


def test_a_proxy_of_another_kind_is_refused() -> None:
    with pytest.raises(InputError, match="of the kind socks5, as ALL_PROXY names it"):
        find_proxy(urlsplit("https://registry.example.com"), {"ALL_PROXY": "socks5://ann:word@proxy"})


@pytest.mark.parametrize("proxy", ["http://[::1", "http://proxy:port", "http://", "://"])
def test_an_invalid_address_of_a_proxy_is_refused(proxy: str) -> None:
    with pytest.raises(InputError, match="HTTPS_PROXY is not the address of a proxy"):
        find_proxy(urlsplit("https://registry.example.com"), {"HTTPS_PROXY": proxy})


@pytest.mark.parametrize(
    ("listed", "address", "direct"),
    [
        ("172.17.0.0/16", "https://172.17.3.4:5000/v2/", True),
        ("172.17.0.0/16", "https://172.18.3.4:5000/v2/", False),
        ("172.17.0.0/16", "https://registry.example.com", False),
        ("10.0.0.1", "http://10.0.0.1:5000", True),
        ("10.0.0.1:5000", "http://10.0.0.1:5000", True),
        ("10.0.0.1:5001", "http://10.0.0.1:5000", False),
        ("fd00::/8", "https://[fd00::12]:5000", True),
        ("[fd00::12]:5000", "https://[fd00::12]:5000", True),
        ("[fd00::12]:5001", "https://[fd00::12]:5000", False),
        ("[fd00::12]", "https://[fd00::12]:5000", True),
        ("fd00::12", "https://[fd00::12]:5000", True),
        ("*.example.com", "https://a.b.example.com", True),
        ("*.example.com", "https://badexample.com", False),
        (".example.com", "https://registry.example.com", True),
        ("example.com", "https://registry.example.com", True),
        ("example.com:443", "https://registry.example.com", True),
        ("example.com:443", "https://registry.example.com:8443", False),
        ("example.com:80", "https://registry.example.com", False),
        ("EXAMPLE.com.", "https://Registry.Example.COM", True),
        ("registry-*.example.com", "https://registry-1.example.com", True),
        ("192.168.*", "https://192.168.4.5", True),
        ("other, *", "https://registry.example.com", True),
        ("*.other\texample.com", "https://example.com", True),
        (",, ,", "https://example.com", False),
        ("[", "https://example.com", False),
    ],
)
def test_hosts_that_need_no_proxy(listed: str, address: str, *, direct: bool) -> None:
    found = find_proxy(urlsplit(address), {"ALL_PROXY": "http://proxy:1", "NO_PROXY": listed})
    assert (found is None) is direct


def test_the_login_of_a_proxy_is_not_in_its_address() -> None:
    found = find_proxy(urlsplit("https://h"), {"HTTPS_PROXY": "http://ann:p%40ss@proxy:3128"})
    assert found == Proxy(url="http://proxy:3128", login="ann:p@ss")
    assert "p@ss" not in repr(found)
