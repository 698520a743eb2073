"""The same content-addressed files in an S3-compatible object store: for more than one machine.

An object is put with ``If-None-Match: *``: what is there is never written over. Buckets should also have object lock
where the store offers it (docs/DEPLOY.md). Every answer is checked against the name, which is the SHA-256.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import S3Store

from casework.errors import StorageDown
from casework.storage import evidence_missing

CONNECT_S, REQUEST_S, RETRY_S, RETRIES = 5, 60, 30, 3


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where: an S3 address and a bucket; ``prefix`` is a folder in it. The secret is in no representation."""

    name: str
    endpoint: str
    region: str
    key: str
    secret: str
    prefix: str = ""

    def __repr__(self) -> str:
        return f"Bucket({self.name!r}, {self.endpoint!r}, {self.prefix!r})"


class ObjectStore:
    """Files as objects ``prefix/ab/cd/abcd...``; safe to share between threads."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._store = S3Store(
            bucket.name,
            prefix=bucket.prefix or None,
            endpoint=bucket.endpoint,
            region=bucket.region,
            access_key_id=bucket.key,
            secret_access_key=bucket.secret,
            virtual_hosted_style_request=False,
            client_options={
                "allow_http": bucket.endpoint.startswith("http://"),
                "connect_timeout": timedelta(seconds=CONNECT_S),
                "timeout": timedelta(seconds=REQUEST_S),
            },
            retry_config={"max_retries": RETRIES, "retry_timeout": timedelta(seconds=RETRY_S)},
        )

    def put(self, data: bytes) -> str:
        """See BlobStore. Raises StorageDown when the store cannot be reached or refuses."""
        sha256 = hashlib.sha256(data).hexdigest()
        path = _path(sha256)
        with self._telling():
            try:
                obstore.put(self._store, path, data, mode="create", use_multipart=False)
            except AlreadyExistsError:
                if self.measure(sha256) != sha256:  # never written over: a person must look
                    raise StorageDown(
                        "evidence_damaged",
                        zh=f"对象存储中的文件 {sha256[:12]} 已损坏，请运行 jiexun verify",
                        en=f"the object {sha256[:12]} in the store is damaged; run jiexun verify",
                    ) from None
        return sha256

    def get(self, sha256: str) -> bytes:
        """See BlobStore. Raises StorageDown as well; bytes that are not those of the name are NotFound."""
        try:
            with self._telling():
                data = bytes(obstore.get(self._store, _path(sha256)).bytes())
        except FileNotFoundError:
            raise evidence_missing(sha256) from None
        if hashlib.sha256(data).hexdigest() != sha256:
            raise evidence_missing(sha256)
        return data

    def measure(self, sha256: str) -> str | None:
        """See BlobStore."""
        whole = hashlib.sha256()
        try:
            with self._telling():
                for piece in obstore.get(self._store, _path(sha256)).stream():
                    whole.update(piece)
        except FileNotFoundError:
            return None
        return whole.hexdigest()

    def aged(self) -> Iterator[tuple[str, datetime]]:
        """See BlobStore."""
        with self._telling():
            for some in obstore.list(self._store):
                for one in some:
                    yield one["path"].rpartition("/")[2], one["last_modified"]

    def drop(self, sha256: str) -> None:
        """See BlobStore."""
        with self._telling():
            obstore.delete(self._store, _path(sha256))

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except (BaseError, OSError) as error:
            said = str(error).splitlines()[0][:200]
            raise StorageDown(
                "storage_down",
                zh=f"对象存储 {self._bucket.endpoint} 暂不可用，本次内容未写入，稍后会重试",
                en=f"the object store {self._bucket.endpoint} cannot be used now ({said}); nothing was written, "
                "look at its address, keys and state",
            ) from None


def _path(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"
