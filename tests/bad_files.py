"""Bad source files and what is said of them: shared by the tests of faults."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from tests.lake import Lake, assert_accounted

CUSTOMERS = "olist_customers_dataset.csv"
HEADER = "customer_id,customer_unique_id,customer_zip_code_prefix,customer_city,customer_state"
ROWS = [f"c{number:031d},u{number:031d},01310,sao paulo,SP" for number in range(5)]


def file_of(folder: Path, *lines: str | bytes, name: str = CUSTOMERS, end: bytes = b"\n") -> Path:
    """A customers file of these lines under the right header."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_bytes(end.join(line.encode() if isinstance(line, str) else line for line in (HEADER, *lines)) + end)
    return path


def build(lake: Lake, path: Path, table: str = "customers") -> list[dict[str, Any]]:
    """Take a file in, build its silver table, publish; gives what lies in quarantine."""
    lake.done("ingest", str(path))
    lake.done("run-batch", "silver", "--tables", table, "--promote")
    assert_accounted(lake.run)
    return lake.quarantine(table)


def assert_refused(lake: Lake, path: Path | str, *, code: int, says: str) -> None:
    """An ingest ends with this code and these words, and leaves nothing behind."""
    before = {each: each.stat().st_mtime_ns for each in lake.root.rglob("*") if each.is_file()}
    result = lake.call("ingest", str(path))
    assert result.exit_code == code, result.stderr
    assert says in " ".join(result.stderr.split()), result.stderr
    assert {each: each.stat().st_mtime_ns for each in lake.root.rglob("*") if each.is_file()} == before


def zipped(path: Path, members: dict[str, bytes]) -> Path:
    """An archive of these members, whatever their names."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return path
