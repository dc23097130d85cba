"""What `Objects` promises of many objects at once: told with size and age, and deleted; in a folder and in a bucket."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from salesperf_cli.backends.ports import Objects
from salesperf_cli.errors import InputError


def test_entries_tell_the_keys_with_sizes_and_ages(objects: Objects) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)  # S3 tells whole seconds
    for size, key in enumerate(("a/one", "a/b/two", "ab/three", "a/maçã 1")):
        assert objects.create(key, b"." * size)
    found = objects.entries("a/")
    assert [entry.key for entry in found] == objects.keys("a/") == ["a/b/two", "a/maçã 1", "a/one"]
    assert [entry.bytes for entry in found] == [1, 3, 0]
    assert all(before <= entry.modified <= datetime.now(UTC) + timedelta(seconds=5) for entry in found)
    assert objects.entries("none/") == []


def test_many_are_deleted_at_once_and_those_that_are_not_there_are_no_error(objects: Objects) -> None:
    keys = [f"a/{at % 7}/maçã {at}" for at in range(2_100)]
    for key in (*keys[::100], "a/kept"):
        assert objects.create(key, b"x")
    objects.delete_all(keys)
    objects.delete_all([])
    assert objects.keys("a/") == ["a/kept"]


def test_a_key_outside_the_bucket_is_not_deleted(objects: Objects) -> None:
    assert objects.create("a/b", b"x")
    with pytest.raises(InputError):
        objects.delete_all(["a/b", "../b"])
    assert objects.keys("a/") == ["a/b"]


def test_objects_come_to_be_while_others_of_their_folder_go(new_objects: Callable[[], Objects]) -> None:
    makers, sweeper = [new_objects() for _ in range(3)], new_objects()

    def make(number: int) -> None:
        for at in range(60):
            assert makers[number].create(f"a/b/{number}-{at}", b"x")

    with ThreadPoolExecutor(4) as pool:
        made = [pool.submit(make, number) for number in range(3)]
        while not all(each.done() for each in made):
            sweeper.delete_all(sweeper.keys("a/"))
        for each in made:
            each.result()
    sweeper.delete_all(sweeper.keys("a/"))
    assert sweeper.keys("") == []
