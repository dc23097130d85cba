"""What `Objects` promises, in a folder here and in a bucket."""

from __future__ import annotations

import hashlib
import io
import random
import uuid
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from salesperf_cli.backends.ports import Objects
from salesperf_cli.errors import ConflictError, InputError
from tests.contract.threads import at_once

THREADS = 8
ROUNDS = 50
LARGE = random.Random(5).randbytes((32 << 20) + 123)
"""What takes three parts."""
NO_KEYS = (
    "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/..", "./a", "a/./b", "a\0b", "a\nb", "a\x7fb",
    "a\ud800", "é" * 128, "a/" * 512 + "a",
)  # fmt: skip


class StoppedError(Exception):
    pass


def _unwatched(block: bytes) -> None:
    pass


def _receive(objects: Objects, data: bytes, key: str = "bronze/a.csv") -> bool:
    return objects.receive(io.BytesIO(data), lambda _: key, watch=_unwatched).created


def _create(objects: Objects, key: str, number: int) -> bool:
    return objects.create(key, b"%d" % number)


def _replace(objects: Objects, seen: str, round_: int, number: int) -> bool:
    return objects.replace("a", b"%d-%d" % (round_, number), seen)


def _send(objects: Objects, data: bytes, key: str, _: int) -> bool:
    return _receive(objects, data, key)


def test_what_was_created_is_read(objects: Objects) -> None:
    assert objects.create("a/b.json", b"one")
    stored = objects.read("a/b.json")
    assert stored is not None and stored.data == b"one" and stored.etag


def test_there_is_nothing_under_a_key_that_nobody_wrote(objects: Objects) -> None:
    assert objects.read("a/b.json") is None
    with pytest.raises(FileNotFoundError):
        objects.open("a/b.json")


def test_an_object_is_created_once(objects: Objects) -> None:
    assert objects.create("a", b"one")
    assert not objects.create("a", b"two")
    assert not objects.create("a", b"one")
    assert _data(objects, "a") == b"one"


def test_an_empty_object_is_an_object(objects: Objects) -> None:
    assert objects.create("a", b"")
    assert not objects.create("a", b"two")
    assert _data(objects, "a") == b""
    assert objects.open("a").read() == b""


def test_only_who_has_seen_the_last_version_replaces_it(objects: Objects) -> None:
    objects.create("a", b"one")
    first = _etag(objects, "a")
    assert objects.replace("a", b"two", first)
    assert not objects.replace("a", b"three", first)
    assert _data(objects, "a") == b"two"
    assert objects.replace("a", b"three", _etag(objects, "a"))


def test_what_is_gone_is_not_replaced(objects: Objects) -> None:
    objects.create("a", b"one")
    first = _etag(objects, "a")
    objects.delete("a")
    assert not objects.replace("a", b"two", first)
    assert objects.read("a") is None


def test_a_deleted_key_can_be_taken_again_and_deleted_twice(objects: Objects) -> None:
    objects.create("a", b"one")
    objects.delete("a")
    objects.delete("a")
    assert objects.read("a") is None
    assert objects.create("a", b"two")


def test_keys_are_those_below_a_folder_in_order(objects: Objects) -> None:
    keys = ["a/b", "a/b.json", "a/bc/d", "a/B", "a/é", "a/c/d/e", "ab", "z"]
    for key in keys:
        objects.create(key, b"")
    assert objects.keys("") == sorted(keys)
    assert objects.keys("a") == objects.keys("a/") == sorted(key for key in keys if key.startswith("a/"))
    assert objects.keys("a/c") == ["a/c/d/e"]
    assert objects.keys("a/bc/") == ["a/bc/d"]


def test_a_prefix_that_ends_inside_a_name_is_no_folder(objects: Objects) -> None:
    objects.create("runs/2026.json", b"")
    assert objects.keys("run") == objects.keys("runs/2026") == objects.keys("runs/2026.json") == []


def test_the_whole_bucket_holds_what_was_put_there_and_nothing_else(objects: Objects) -> None:
    objects.create("a", b"one")
    objects.replace("a", b"two", _etag(objects, "a"))
    _receive(objects, b"three", "b")
    assert objects.keys("") == ["a", "b"]


@pytest.mark.parametrize(
    "name", ["a b", "a+b", "a%2Fb", "a&b=c", "ção", "日本", "😀", "a\u2028b", "'\"<>", "#?", "~a", "\\"]
)
def test_a_name_is_kept_to_the_letter(objects: Objects, name: str) -> None:
    assert objects.create(f"p/{name}", name.encode())
    assert objects.keys("p/") == [f"p/{name}"]
    assert _data(objects, f"p/{name}") == name.encode()
    objects.delete(f"p/{name}")
    assert objects.keys("p/") == []


def test_what_one_target_could_not_keep_is_no_key_on_either(objects: Objects) -> None:
    uses: list[Callable[[str], object]] = [
        objects.read,
        lambda key: objects.create(key, b""),
        lambda key: objects.replace(key, b"", "etag"),
        objects.delete,
        objects.open,
        lambda key: _receive(objects, b"", key),
    ]
    for key in NO_KEYS:
        for use in (*uses, *([objects.location] if key else []), *([objects.keys] if key not in ("", "a/") else [])):
            with pytest.raises(InputError, match="is not a key"):
                use(key)
    assert objects.keys("") == []


def test_one_of_many_who_create_a_key_wins(objects: Objects) -> None:
    for round_ in range(ROUNDS):
        won = at_once(THREADS, partial(_create, objects, f"r/{round_}"))
        assert won.count(True) == 1
        assert _data(objects, f"r/{round_}") == b"%d" % won.index(True)


def test_one_of_many_who_replace_an_object_wins(objects: Objects) -> None:
    objects.create("a", b"begin")
    for round_ in range(ROUNDS):
        seen = _etag(objects, "a")
        won = at_once(THREADS, partial(_replace, objects, seen, round_))
        assert won.count(True) == 1
        assert _data(objects, "a") == b"%d-%d" % (round_, won.index(True))


def test_one_of_many_who_send_the_same_file_creates_it(objects: Objects) -> None:
    for data in (b"small", LARGE):
        key = f"b/{len(data)}"
        assert at_once(4, partial(_send, objects, data, key)).count(True) == 1
        assert objects.open(key).read() == data


def test_a_replace_does_not_bring_back_what_is_being_deleted(objects: Objects) -> None:
    for round_ in range(ROUNDS):
        key = f"d/{round_}"
        objects.create(key, b"one")
        seen = _etag(objects, key)

        def work(number: int, key: str = key, seen: str = seen) -> bool:
            if number:
                objects.delete(key)
                return True
            return objects.replace(key, b"two", seen)

        at_once(2, work)
        assert objects.read(key) is None


def test_updates_by_many_are_all_kept_when_each_tries_until_it_wins(objects: Objects) -> None:
    objects.create("n", b"0")

    def add(_: int) -> bool:
        while True:
            stored = objects.read("n")
            assert stored
            if objects.replace("n", b"%d" % (int(stored.data) + 1), stored.etag):
                return True

    at_once(4, lambda number: add(number) and add(number))
    assert _data(objects, "n") == b"8"


@pytest.mark.parametrize("data", [b"", b"a,b\n1,2\n", LARGE[: 8 << 20], LARGE[: (8 << 20) + 1], LARGE])
@pytest.mark.parametrize("source", ["file", "stream", "zip"])
def test_a_stream_is_stored_whole_under_the_key_of_its_hash(
    objects: Objects, tmp_path: Path, data: bytes, source: str
) -> None:
    seen, counted, asked = bytearray(), list[int](), list[bool]()

    def key_of(sha256: str) -> str:
        asked.append(bytes(seen) == data)
        return f"bronze/{sha256[:16]}-a.csv"

    with _stream(tmp_path, data, source) as stream:
        received = objects.receive(stream, key_of, watch=seen.extend, stored=counted.append)
    sha256 = hashlib.sha256(data).hexdigest()
    assert (received.key, received.bytes, received.sha256) == (f"bronze/{sha256[:16]}-a.csv", len(data), sha256)
    assert received.created and asked == [True] and sum(counted) == len(data)
    with objects.open(received.key) as stored:
        assert stored.read() == data


def test_a_stream_is_taken_from_where_it_stands(objects: Objects, tmp_path: Path) -> None:
    with _stream(tmp_path, LARGE, "file") as stream:
        stream.read(5)
        assert objects.receive(stream, lambda _: "a", watch=_unwatched).bytes == len(LARGE) - 5
    assert objects.open("a").read() == LARGE[5:]


@pytest.mark.parametrize("size", [10, len(LARGE)])
def test_the_same_bytes_again_are_no_error(objects: Objects, size: int) -> None:
    assert _receive(objects, LARGE[:size])
    counted: list[int] = []
    again = objects.receive(io.BytesIO(LARGE[:size]), lambda _: "bronze/a.csv", watch=_unwatched, stored=counted.append)
    assert not again.created and again.bytes == size and sum(counted) == size


@pytest.mark.parametrize("size", [10, len(LARGE)])
def test_bytes_of_another_size_under_the_key_are_a_conflict(objects: Objects, size: int) -> None:
    objects.create("bronze/a.csv", b"other")
    with pytest.raises(ConflictError, match="taken by other bytes"):
        _receive(objects, LARGE[:size])
    assert _data(objects, "bronze/a.csv") == b"other"


@pytest.mark.parametrize("stopper", ["key_of", "watch", "stored"])
def test_a_stopped_stream_leaves_no_object(objects: Objects, stopper: str) -> None:
    def stop(_: object) -> str:
        raise StoppedError

    uses: dict[str, Any] = {
        "key_of": lambda _: "bronze/a.csv",
        "watch": _unwatched,
        "stored": lambda _: None,
        stopper: stop,
    }
    with pytest.raises(StoppedError):
        objects.receive(io.BytesIO(LARGE), uses["key_of"], watch=uses["watch"], stored=uses["stored"])
    assert objects.keys("bronze/") == []


def test_an_object_is_read_line_by_line(objects: Objects) -> None:
    lines = [b"%d,%s\n" % (number, b"x" * (number % 300)) for number in range(20_000)]
    objects.create("a.csv", b"".join(lines) + b"end")
    with objects.open("a.csv") as stream:
        assert stream.readline() == lines[0]
        assert stream.read(3) == lines[1][:3]
        assert stream.readline() == lines[1][3:]
        assert list(stream) == [*lines[2:], b"end"]
        assert stream.read() == b""


def test_an_object_can_be_left_half_read(objects: Objects) -> None:
    _receive(objects, LARGE)
    for _ in range(40):
        with objects.open("bronze/a.csv") as stream:
            assert stream.read(10) == LARGE[:10]


def test_the_location_of_a_key_begins_with_that_of_the_bucket(objects: Objects) -> None:
    whole = objects.location("").rstrip("/")
    assert objects.location("a/b") == f"{whole}/a/b"


def test_at_least_one_object_is_received_at_once(objects: Objects) -> None:
    assert objects.parallel >= 1


KEYS = st.sampled_from(["a.json", "b.json", "ab/c", "ab/d e", "ab/é", "abc/d"])
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("create"), KEYS, st.binary(max_size=20)),
        st.tuples(st.just("replace"), KEYS, st.binary(max_size=20)),
        st.tuples(st.just("receive"), KEYS, st.binary(max_size=20)),
        st.tuples(st.just("delete"), KEYS, st.just(b"")),
        st.tuples(st.just("read"), KEYS, st.just(b"")),
        st.tuples(st.just("keys"), st.sampled_from(["", "ab", "ab/", "a", "abc", "zz"]), st.just(b"")),
    ),
    max_size=15,
)


@settings(
    max_examples=25, deadline=None, database=None, phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(operations=OPERATIONS)
def test_objects_behave_as_a_mapping(objects: Objects, operations: list[tuple[str, str, bytes]]) -> None:
    place, model = uuid.uuid4().hex, cast(dict[str, bytes], {})
    for operation, name, data in operations:
        key = f"{place}/{name}"
        if operation == "create":
            assert objects.create(key, data) == (name not in model)
            model.setdefault(name, data)
        elif operation == "replace":
            stored = objects.read(key)
            assert objects.replace(key, data, stored.etag if stored else "none") == (name in model)
            model.update({name: data} if name in model else {})
        elif operation == "receive" and len(model.get(name, data)) == len(data):
            assert _receive(objects, data, key) == (name not in model)
            model.setdefault(name, data)
        elif operation == "delete":
            objects.delete(key)
            model.pop(name, None)
        elif operation == "read":
            stored = objects.read(key)
            assert (stored.data if stored else None) == model.get(name)
        elif operation == "keys":
            below = f"{name.rstrip('/')}/" if name else ""
            assert objects.keys(key) == sorted(f"{place}/{each}" for each in model if each.startswith(below))
    assert {key: _data(objects, f"{place}/{key}") for key in model} == model


def _stream(folder: Path, data: bytes, source: str) -> BinaryIO:
    if source == "zip":
        with zipfile.ZipFile(folder / "a.zip", "w") as archive:
            archive.writestr("a.csv", data)
        return cast(BinaryIO, zipfile.ZipFile(folder / "a.zip").open("a.csv"))
    if source == "stream":
        return io.BytesIO(data)
    (folder / "a.csv").write_bytes(data)
    return (folder / "a.csv").open("rb")


def _data(objects: Objects, key: str) -> bytes:
    stored = objects.read(key)
    assert stored is not None
    return stored.data


def _etag(objects: Objects, key: str) -> str:
    stored = objects.read(key)
    assert stored is not None
    return stored.etag
