"""The object store against a real S3 server: the same promises as files on disk, and what it says when it is away."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterator

import boto3
import pytest
from moto.server import ThreadedMotoServer

from api.originals import original
from casework import storage_s3
from casework.errors import NotFound, StorageDown
from casework.storage_s3 import Bucket, ObjectStore

DATA = b"what a camera saw"
NAME = hashlib.sha256(DATA).hexdigest()
PATH = f"evidence/{NAME[:2]}/{NAME[2:4]}/{NAME}"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def client(address: str):  # type: ignore[no-untyped-def]  # boto3 has no types
    made = boto3.client(
        "s3", endpoint_url=address, aws_access_key_id="k", aws_secret_access_key="s", region_name="us-east-1"
    )
    made.create_bucket(Bucket="jiexun")
    yield made
    for one in made.list_objects_v2(Bucket="jiexun").get("Contents", []):
        made.delete_object(Bucket="jiexun", Key=one["Key"])


@pytest.fixture
def store(address: str, client: object) -> ObjectStore:
    return ObjectStore(Bucket("jiexun", address, "us-east-1", "k", "s", "evidence"))


def test_a_file_is_named_by_its_bytes(store: ObjectStore, client) -> None:  # type: ignore[no-untyped-def]
    assert store.put(DATA) == NAME
    assert store.get(NAME) == DATA
    assert store.measure(NAME) == NAME
    assert client.get_object(Bucket="jiexun", Key=PATH)["Body"].read() == DATA
    assert list(dict(store.aged())) == [NAME]


def test_the_same_bytes_again_change_nothing(store: ObjectStore, client) -> None:  # type: ignore[no-untyped-def]
    store.put(DATA)
    before = client.head_object(Bucket="jiexun", Key=PATH)["LastModified"]
    assert store.put(DATA) == NAME
    assert client.head_object(Bucket="jiexun", Key=PATH)["LastModified"] == before


def test_what_was_tampered_with_is_neither_given_out_nor_written_over(
    store: ObjectStore,
    client,  # type: ignore[no-untyped-def]
) -> None:
    store.put(DATA)
    client.put_object(Bucket="jiexun", Key=PATH, Body=b"what a camera never saw")
    assert store.measure(NAME) == hashlib.sha256(b"what a camera never saw").hexdigest()
    with pytest.raises(NotFound):
        store.get(NAME)
    with pytest.raises(StorageDown, match="damaged"):
        store.put(DATA)
    assert client.get_object(Bucket="jiexun", Key=PATH)["Body"].read() == b"what a camera never saw"


def test_what_is_not_there(store: ObjectStore) -> None:
    assert store.measure(NAME) is None
    with pytest.raises(NotFound) as caught:
        store.get(NAME)
    assert caught.value.code == "evidence_missing"
    store.drop(NAME)
    store.put(DATA)
    store.drop(NAME)
    assert list(store.aged()) == []


def test_two_folders_of_a_bucket_do_not_mix(store: ObjectStore, address: str) -> None:
    other = ObjectStore(Bucket("jiexun", address, "us-east-1", "k", "s", "looks"))
    store.put(DATA)
    assert list(other.aged()) == []
    assert other.measure(NAME) is None


def test_a_store_that_is_away_says_so_and_tells_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage_s3, "RETRIES", 1)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{free.getsockname()[1]}"
    bucket = Bucket("jiexun", nobody, "us-east-1", "key-of-ours", "secret-of-ours")
    away = ObjectStore(bucket)
    for act in (lambda: away.put(DATA), lambda: away.get(NAME), lambda: away.measure(NAME)):
        with pytest.raises(StorageDown) as caught:
            act()
        assert nobody in caught.value.zh
        assert "secret-of-ours" not in str(caught.value) + repr(bucket)


@pytest.mark.parametrize(
    ("asked", "status", "body", "said"),
    [
        (None, 200, DATA, None),
        ("bytes=0-3", 206, b"what", "bytes 0-3/17"),
        ("bytes=5-", 206, b"a camera saw", "bytes 5-16/17"),
        ("bytes=-3", 206, b"saw", "bytes 14-16/17"),
        ("bytes=10-99", 206, b"era saw", "bytes 10-16/17"),
        ("bytes=17-", 416, b"", "bytes */17"),
        ("lines=1-2", 200, DATA, None),
        ("bytes=-", 200, DATA, None),
    ],
)
def test_players_seek_in_it(
    store: ObjectStore, asked: str | None, status: int, body: bytes, said: str | None
) -> None:
    store.put(DATA)
    answer = original(store, NAME, "video/mp4", {}, asked)
    assert (answer.status_code, answer.body, answer.headers.get("content-range")) == (status, body, said)
