"""The cluster's artifact store, by plain S3 requests: it wants a signature and does not check it."""

import gzip
import io
import tarfile

import urllib3

from tools.cluster.places import BUCKET, STORE

_SECONDS = 60
_SIGNATURE = "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"


def put(key: str, data: bytes) -> None:
    """Store an object."""
    _request("PUT", key, data)


def get(key: str) -> bytes:
    """Return an object."""
    return _request("GET", key)


def get_file(key: str) -> bytes:
    """Return the file in an artifact that Argo stored: a gzipped tar of one file."""
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(get(key)))) as archive:
        content = archive.extractfile(archive.getmembers()[0])
        assert content, archive.getnames()
        return content.read()


def _request(method: str, key: str, data: bytes | None = None) -> bytes:
    url, headers = f"http://{STORE}/{BUCKET}/{key}", {"Authorization": _SIGNATURE}
    answer = urllib3.request(method, url, body=data, headers=headers, timeout=_SECONDS)
    assert answer.status == 200, (answer.status, answer.data)
    return answer.data
