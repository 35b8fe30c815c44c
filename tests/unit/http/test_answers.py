import pytest

from toolkit.http.answers import error_text

PAGE = b"""<!DOCTYPE html><html><head><style>h1{}</style><title>413 Too Large</title></head><body><center>
<h1>413 Too Large</h1></center><script>x<y</script><hr>nginx &amp; co</body></html>"""


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"errors":[{"code":"DENIED","message":"no\\n way\\u001b"},{"code":"X"}]}', "DENIED: no way; X"),
        (b'{"errors":[{"message":"' + b"x" * 999 + b'"}]}', "x" * 300 + "…"),
        (b'{"errors":[3]}', ""),
        (b'{"errors":{}}', ""),
        (b'{"message": "repository is read-only\\nask ann"}', "repository is read-only ask ann"),
        (b'{"error": "invalid_grant", "error_description": "expired"}', "invalid_grant: expired"),
        (b'{"error": {"code": 403, "message": "quota"}}', "403: quota"),
        (b'{"errors": ["one", {"detail": "two"}]}', "one; two"),
        (b'{"detail": "maintenance"}', "maintenance"),
        (b'"go away"', "go away"),
        (b"upstream timed out\n\n  call 555\nthird\nfourth", "upstream timed out / call 555 / third"),
        (PAGE, "413 Too Large / nginx & co"),
        (b"<html>", ""),
        (b"[]", ""),
        (b"\xff\xfe\x00\x80", ""),
        (b"", ""),
    ],
)
def test_the_message_of_an_error(body: bytes, text: str) -> None:
    assert error_text(body) == text
