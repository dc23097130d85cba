"""What the lease promises, on a folder and on a bucket: one holder at a time, and the dead hold nothing."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from salesperf_cli.backends.ports import Objects
from salesperf_cli.core import lease
from salesperf_cli.core.lease import KEY, Holder, hold, refuse_held
from salesperf_cli.errors import ConflictError
from tests.contract.threads import at_once

LATER = timedelta(minutes=5)


def _holder(objects: Objects) -> Holder:
    stored = objects.read(KEY)
    assert stored
    return msgspec.json.decode(stored.data, type=Holder)


def _held_elsewhere(objects: Objects, until: datetime) -> None:
    holder = Holder("theirs", "another-machine", 1, "", "run-batch", until)
    assert objects.create(KEY, msgspec.json.encode(holder))


def _held_by_a_dead_process(objects: Objects) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    here = Holder("dead", socket.gethostname(), ended.pid, "1", "run-batch", datetime.now(UTC) + LATER)
    assert objects.create(KEY, msgspec.json.encode(here))


def test_the_lease_names_its_holder_and_goes_with_the_block(objects: Objects) -> None:
    with hold(objects, "mine", "run-batch"):
        holder = _holder(objects)
        assert (holder.run_id, holder.pid, holder.doing) == ("mine", os.getpid(), "run-batch")
    assert objects.read(KEY) is None


def test_the_lease_goes_when_the_block_fails(objects: Objects) -> None:
    with pytest.raises(ZeroDivisionError), hold(objects, "mine", "run-batch"):
        raise ZeroDivisionError
    assert objects.read(KEY) is None


def test_a_second_run_is_refused_and_told_who_holds_the_lease(new_objects: Callable[[], Objects]) -> None:
    ours, theirs = new_objects(), new_objects()
    with hold(theirs, "theirs", "promote"):
        with pytest.raises(ConflictError, match=r"another salesperf works on this lake \(promote\)") as refused:
            hold(ours, "mine", "run-batch").__enter__()
        assert "run theirs" in refused.value.why
        with pytest.raises(ConflictError):
            refuse_held(ours)
        assert _holder(ours).run_id == "theirs"
    refuse_held(ours)
    with hold(ours, "mine", "run-batch"):
        pass


def test_the_lease_of_a_dead_process_is_taken_over(objects: Objects) -> None:
    _held_by_a_dead_process(objects)
    refuse_held(objects)
    with hold(objects, "mine", "run-batch"):
        assert _holder(objects).run_id == "mine"


def test_the_lease_of_another_machine_holds_until_it_runs_out(objects: Objects) -> None:
    _held_elsewhere(objects, datetime.now(UTC) + LATER)
    with pytest.raises(ConflictError, match="another salesperf works"):
        hold(objects, "mine", "run-batch").__enter__()
    objects.delete(KEY)
    _held_elsewhere(objects, datetime.now(UTC) - timedelta(seconds=1))
    with hold(objects, "mine", "run-batch"):
        assert _holder(objects).run_id == "mine"


@pytest.mark.parametrize("free", [True, False])
def test_one_of_many_who_want_the_lease_gets_it(new_objects: Callable[[], Objects], free: bool) -> None:
    many = [new_objects() for _ in range(8)]
    for _ in range(10):
        if not free:
            _held_by_a_dead_process(many[0])
        done = threading.Barrier(8)

        def want(number: int, done: threading.Barrier = done) -> bool:
            try:
                with hold(many[number], f"run-{number}", "run-batch"):
                    done.wait()
            except ConflictError:
                done.wait()
                return False
            return True

        held = at_once(8, want)
        assert held.count(True) == 1
        assert many[0].read(KEY) is None


def test_a_long_run_puts_the_end_of_its_lease_off(objects: Objects, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease, "TERM", timedelta(seconds=0.3))
    with hold(objects, "mine", "run-batch"):
        first = _holder(objects).until
        time.sleep(0.5)
        assert _holder(objects).until > first
        assert _holder(objects).until > datetime.now(UTC)


def test_a_lease_that_was_taken_over_is_left_to_its_new_holder(objects: Objects) -> None:
    with hold(objects, "mine", "run-batch"):
        objects.delete(KEY)
        _held_elsewhere(objects, datetime.now(UTC) + LATER)
    assert _holder(objects).run_id == "theirs"
