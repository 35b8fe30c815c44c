"""A store of artifacts that speaks S3, by boto3: upload, download and delete objects of one bucket."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from toolkit.errors import OutsideError

_CHUNK = 1 << 18


class Place(Struct, frozen=True, kw_only=True):
    """A bucket: the URL of its server, None for Amazon's, and its region."""

    bucket: str
    endpoint: str | None = None
    region: str | None = None


class Keys(Struct, frozen=True, kw_only=True):
    """The credentials of a store."""

    access: str
    secret: str
    session: str | None = None

    def __repr__(self) -> str:
        return "Keys(…)"


class Store:
    """One bucket."""

    def __init__(self, place: Place, keys: Keys | None, environ: Mapping[str, str]) -> None:
        """Without `keys` boto3 looks for them: in the environment, the user's files, the machine's role.

        Raises OutsideError if boto3 is not installed.
        """
        self.place = place
        self.client = _client(place, keys, environ)

    def upload(self, file: Path, key: str) -> None:
        """Store a file as the object `key`."""
        with self._asking(f"upload {key}"):
            self.client.upload_file(str(file), self.place.bucket, key)

    def download(self, key: str, file: Path) -> None:
        """Write the object `key` to a file."""
        with self._asking(f"download {key}"):
            self.client.download_file(self.place.bucket, key, str(file))

    def keys_below(self, prefix: str) -> tuple[str, ...]:
        """Return the keys of the object `prefix`, or else of all objects in the folder of this name."""
        with self._asking(f"list {prefix}"):
            pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.place.bucket, Prefix=prefix)
            keys = [str(entry["Key"]) for page in pages for entry in page.get("Contents", ())]
        return (prefix,) if prefix in keys else tuple(key for key in keys if key.startswith(f"{prefix}/"))

    def chunks(self, key: str) -> Iterator[bytes]:
        """Yield the bytes of the object `key`."""
        with self._asking(f"download {key}"):
            yield from self.client.get_object(Bucket=self.place.bucket, Key=key)["Body"].iter_chunks(_CHUNK)

    def delete(self, keys: Iterable[str]) -> None:
        """Delete objects; those that are missing are no error."""
        for key in keys:
            with self._asking(f"delete {key}"):
                self.client.delete_object(Bucket=self.place.bucket, Key=key)

    @contextmanager
    def _asking(self, what: str) -> Iterator[None]:
        """Turn every failure into an OutsideError."""
        from boto3.exceptions import Boto3Error
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (Boto3Error, BotoCoreError, ClientError, OSError) as error:
            where = self.place.endpoint or "S3"
            raise OutsideError(
                f"cannot {what} of the bucket {self.place.bucket} at {where}: {error}",
                hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; if this machine reaches the store by another "
                "address than pods do, set COMP_S3_ENDPOINT or s3-endpoint in [tool.comp.argo]",
            ) from error


def _client(place: Place, keys: Keys | None, environ: Mapping[str, str]) -> Any:  # noqa: ANN401 (the SDK has no types)
    """Return boto3's client."""
    try:
        import boto3
        from botocore.config import Config
    except ImportError as error:
        raise OutsideError("boto3 is not installed", hint="pip install 'comp-toolkit[kubernetes]'") from error
    region = place.region or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "us-east-1"
    return boto3.client(
        "s3",
        endpoint_url=place.endpoint,
        region_name=region,
        aws_access_key_id=keys.access if keys else None,
        aws_secret_access_key=keys.secret if keys else None,
        aws_session_token=keys.session if keys else None,
        # Stores other than Amazon's have no names of hosts for buckets, and few know its newer checksums.
        config=Config(
            connect_timeout=5,
            read_timeout=60,
            retries={"max_attempts": 3, "mode": "standard"},
            s3={"addressing_style": "path" if place.endpoint else "auto"},
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
