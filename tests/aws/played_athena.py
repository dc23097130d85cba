"""A server of few lines on loopback that plays Athena, and S3 for its results: it says what a script tells it to say.

For what no stand-in shows: failures, slow queries, downloads that break. The requests and their answers are boto3's.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def state(name: str, *, scanned: int = 0, kind: str = "DML", **more: Any) -> dict[str, Any]:
    """What GetQueryExecution says once."""
    return {
        "QueryExecution": {
            "QueryExecutionId": "q-1",
            "Query": "SELECT 1",
            "StatementType": kind,
            "ResultConfiguration": {"OutputLocation": "s3://results/athena/q-1.csv"},
            "Status": {"State": name, **more},
            "Statistics": {"DataScannedInBytes": scanned},
        }
    }


def column(name: str, kind: str, precision: int = 0, scale: int = 0) -> dict[str, Any]:
    return {"Name": name, "Label": name, "Type": kind, "Precision": precision, "Scale": scale}


def page(columns: list[dict[str, Any]], rows: list[list[str | None]], token: str | None = None) -> dict[str, Any]:
    cells = [{"Data": [{} if cell is None else {"VarCharValue": cell} for cell in row]} for row in rows]
    found: dict[str, Any] = {"ResultSet": {"Rows": cells, "ResultSetMetadata": {"ColumnInfo": columns}}}
    return found | ({"NextToken": token} if token else {})


@dataclass
class Play:
    """What is said, in order (the last again and again), and what was asked. An int as an answer breaks a download."""

    executions: list[Any] = field(default_factory=lambda: [state("SUCCEEDED")])
    pages: list[dict[str, Any]] = field(default_factory=lambda: [page([column("n", "integer")], [["n"], ["1"]])])
    start: dict[str, Any] | None = None
    file: bytes | None = None
    break_at: list[int] = field(default_factory=list)
    asked: list[tuple[str, Any]] = field(default_factory=list)

    def answer(self, action: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.asked.append((action, body))
        if action == "StartQueryExecution":
            return (400, self.start) if self.start else (200, {"QueryExecutionId": "q-1"})
        if action == "GetQueryExecution":
            said = self.executions.pop(0) if len(self.executions) > 1 else self.executions[0]
            return (200, said) if "QueryExecution" in said else (400, said)
        if action == "GetQueryResults":
            return 200, self.pages[int(body.get("NextToken", 0))]
        return 200, {}

    def begin_anew(self) -> None:
        """Forget everything."""
        fresh = Play()
        for each in fields(self):
            setattr(self, each.name, getattr(fresh, each.name))

    def actions(self) -> list[str]:
        return [action for action, _ in self.asked]


@contextmanager
def served(play: Play) -> Iterator[str]:
    """The play's address, while the block lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            code, said = play.answer(self.headers["X-Amz-Target"].split(".")[1], body)
            self._send(code, json.dumps(said).encode(), {"Content-Type": "application/x-amz-json-1.1"})

        def do_GET(self) -> None:
            play.asked.append(("GetObject", self.headers.get("Range")))
            if play.file is None:
                self._send(404, b"<Error><Code>NoSuchKey</Code></Error>", {})
                return
            first = int((self.headers.get("Range") or "bytes=0-")[6:].rstrip("-"))
            data = play.file[first:]
            cut = play.break_at.pop(0) if play.break_at else len(data)
            code = 206 if first else 200
            self._send(code, data[:cut], {"ETag": '"e"', "Content-Length": str(len(data))})
            self.close_connection = cut < len(data)

        def _send(self, code: int, data: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(code)
            for name, value in ({"Content-Length": str(len(data))} | dict(headers)).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        threading.Thread(target=found.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()


def athena_csv(names: list[str], rows: list[list[str | None]]) -> bytes:
    """A result file as Athena writes it: every text quoted, NULL left out."""
    quoted = [[None if cell is None else '"' + cell.replace('"', '""') + '"' for cell in row] for row in rows]
    head = ",".join(f'"{name}"' for name in names)
    return "\n".join([head, *[",".join(cell or "" for cell in row) for row in quoted], ""]).encode()
