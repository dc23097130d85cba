"""Bad input, faults 30 to 32: a full disk, path tricks, and text that looks like something else."""

from __future__ import annotations

import gzip
import io
import os
import resource
import shutil
import stat
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.bad_files import CUSTOMERS, HEADER, ROWS, assert_refused, build, file_of, zipped
from tests.lake import PACKAGE, Lake, new_lake, query, write_csv

COLUMNS = HEADER.split(",")

# 30 a full disk


@pytest.mark.parametrize(("command", "limit"), [(("ingest", "in"), 200_000), (("run-batch", "--promote"), 40_000)])
def test_a_disk_that_fills_up_ends_with_5_and_no_scratch_file_and_the_command_can_be_repeated(
    lake: Lake, sample: Path, command: tuple[str, ...], limit: int
) -> None:
    source = lake.folder / "in"
    shutil.copytree(sample, source)
    if command[0] == "ingest":
        rows = [f"{os.urandom(16).hex()},{os.urandom(16).hex()},01310,sao paulo,SP" for _ in range(5_000)]
        file_of(source, *rows, name="customers_more.csv")
    before = {path.name: path.read_bytes() for path in source.iterdir()}
    if command[0] == "run-batch":
        lake.done("ingest", "in")
    # Stands in for a full disk where none can be mounted: no file may grow beyond the limit.
    process = lake.start(*command, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 5, errors
    assert "disk" in errors and "run the command again" in " ".join(errors.split())
    assert [path for path in (lake.root / "_tmp").rglob("*") if path.is_file()] == []
    assert {path.name: path.read_bytes() for path in source.iterdir()} == before
    assert lake.release.number == 0
    lake.done(*command)
    if command[0] == "run-batch":
        assert lake.release.name == "r1"


def _can_mount() -> bool:
    unshare = shutil.which("unshare")
    command = [unshare or "", "-rm", "sh", "-c", "mount -t tmpfs -o size=1m none /mnt"]
    return unshare is not None and subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not _can_mount(), reason="this machine does not let us mount a small disk")
@pytest.mark.parametrize("size", ["40k", "400k", "1500k"])
def test_a_small_disk_that_is_really_full_ends_with_5(sample: Path, tmp_path: Path, size: str) -> None:
    """The whole job on a disk that is too small for it, in one shell of a mount namespace."""
    script = f"""
        mount -t tmpfs -o size={size} none {tmp_path} && cd {tmp_path} || exit 99
        {sys.executable} -m salesperf_cli init . && {sys.executable} -m salesperf_cli ingest {sample} &&
        {sys.executable} -m salesperf_cli run-batch --promote
        code=$?
        find lake/_tmp -type f | wc -l
        exit $code
    """
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", script],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent), "HOME": str(tmp_path)},
    )
    assert done.returncode == 5, done.stderr
    assert "disk is full" in done.stderr
    assert done.stdout.split()[-1] == "0"


# 31 path tricks


@pytest.mark.parametrize(
    "name",
    ["../customers.csv", "a/../../customers.csv", "/etc/customers.csv", "..\\customers.csv", "C:\\customers.csv"],
)
def test_a_member_whose_path_leads_outside_is_refused(lake: Lake, tmp_path: Path, name: str) -> None:
    path = zipped(tmp_path / "trick.zip", {CUSTOMERS: file_of(tmp_path, *ROWS).read_bytes(), name: b"x"})
    assert_refused(lake, path, code=2, says="outside the archive")
    assert not (tmp_path / "customers.csv").exists()


def test_a_member_that_is_a_symbolic_link_is_refused(lake: Lake, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "link.zip", "w") as archive:
        member = zipfile.ZipInfo("customers.csv")
        member.create_system = 3
        member.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(member, "/etc/passwd")
    assert_refused(lake, tmp_path / "link.zip", code=2, says="symbolic link")


def test_an_encrypted_member_is_refused(lake: Lake, tmp_path: Path) -> None:
    path = zipped(tmp_path / "secret.zip", {CUSTOMERS: file_of(tmp_path, *ROWS).read_bytes()})
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert_refused(lake, path, code=2, says="encrypted")


def test_a_member_that_claims_to_grow_beyond_reason_is_refused_before_it_is_read(lake: Lake, tmp_path: Path) -> None:
    path = zipped(tmp_path / "bomb.zip", {CUSTOMERS: file_of(tmp_path, *ROWS).read_bytes()})
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 24, 3_000_000_000)
    path.write_bytes(data)
    assert_refused(lake, path, code=2, says="zip bomb")


def test_a_gzip_file_that_grows_beyond_reason_is_refused_in_little_memory(lake: Lake, tmp_path: Path) -> None:
    block = gzip.compress(b"0" * (64 << 20), 9)
    target = io.BytesIO()
    target.write(gzip.compress(f"{HEADER}\n{ROWS[0]}\n".encode()))
    for _ in range(6):
        target.write(block)
    (tmp_path / f"{CUSTOMERS}.gz").write_bytes(target.getvalue())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert_refused(lake, tmp_path / f"{CUSTOMERS}.gz", code=2, says="zip bomb")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000  # kilobytes


def test_a_symbolic_link_in_a_folder_is_not_followed(lake: Lake, tmp_path: Path) -> None:
    file_of(tmp_path / "outside", *ROWS)
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / CUSTOMERS).symlink_to(tmp_path / "outside" / CUSTOMERS)
    assert_refused(lake, folder, code=2, says="symbolic link")
    (folder / CUSTOMERS).unlink()
    (folder / "more").symlink_to(tmp_path / "outside")
    assert_refused(lake, folder, code=2, says="symbolic link")


# 32 text that looks like something else


@pytest.mark.parametrize(
    "name",
    [
        "customers'); DROP TABLE x; --.csv",
        'customers".csv',
        "customers [1] *?.csv",
        "customers %2e%2e %20.csv",
        "customers;$(touch pwned)`id`.csv",
        "customers é 顧客.csv",
    ],
)
def test_a_file_name_is_only_a_name(lake: Lake, tmp_path: Path, name: str) -> None:
    bad = "c9,u9,01310,sao paulo"
    (row,) = build(lake, file_of(tmp_path / "in", *ROWS, bad, name=name))
    assert row["file"] == name
    assert lake.release.tables["silver.customers"].rows == 5
    assert all(path.is_relative_to(lake.root / "bronze") for path in lake.root.rglob("*customers*.csv"))
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize(
    "value", ["'); DROP TABLE x; --", "${HOME}", "{{ 1 }}", "=cmd|' /C calc'!A0", "%s %n", "\\x00\\"]
)
def test_a_value_is_only_a_value(lake: Lake, tmp_path: Path, value: str) -> None:
    rows = [["c1", value, "01310", "x", "SP"], ["", value, "01310", "x", "SP"]]
    path = write_csv(tmp_path / CUSTOMERS, COLUMNS, rows)
    (row,) = build(lake, path)
    assert value in str(row["record"]).replace('""', '"')
    assert [each["customer_unique_id"] for each in lake.read("silver.customers").to_pylist()] == [value]


@pytest.mark.parametrize("table", ["customers; DROP TABLE x", "../orders", "'", "customers--", "BRONZE.customers"])
def test_a_table_name_that_is_none_is_refused(lake: Lake, tmp_path: Path, table: str) -> None:
    path = file_of(tmp_path, *ROWS)
    assert lake.call("ingest", str(path), "--table", table).exit_code == 2
    assert lake.call("run-batch", "--tables", table).exit_code == 2


def test_an_empty_table_name_is_none_given(lake: Lake, tmp_path: Path) -> None:
    assert lake.call("ingest", str(file_of(tmp_path, *ROWS)), "--table", "").exit_code == 0


@pytest.mark.parametrize("name", ["it's a shop", "shop [1]", "100% shop", "ação 店", "sh*p", "a;b & c=d"])
def test_a_lake_may_lie_in_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    lake = new_lake(tmp_path / name)
    path = file_of(tmp_path / "in", *ROWS, "c9,u9,01310,sao paulo")
    (row,) = build(lake, path)
    assert row["line"] == 7
    assert query("SELECT count(*) FROM c", c=lake.read("silver.customers")) == [(5,)]
    update = file_of(tmp_path / "next", ROWS[0].replace("sao paulo", "santos"))
    build(lake, update)
    assert lake.release.tables["silver.customers"].rows == 5


@pytest.mark.parametrize("name", ["shop #1", "shop?"])
def test_a_folder_whose_name_iceberg_would_cut_is_refused(tmp_path: Path, name: str) -> None:
    lake = new_lake(tmp_path / name)
    result = lake.call("ingest", str(file_of(tmp_path / "in", *ROWS)))
    assert result.exit_code == 2
    assert "# or ?" in result.stderr
    assert not lake.root.exists()
