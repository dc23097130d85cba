"""A shop whose bronze table `orders` an HTTP API fills, and the ways in which such an API gives its pages."""

from __future__ import annotations

import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import yaml

from salesperf_cli.backends.embedded.objects import FolderObjects
from salesperf_cli.core.ledger import Ledger
from tests.api_server import Answer, Api, Asked, Reply, of
from tests.cli.conftest import Invoke
from tests.lake import Result

SECRET = "s3cr3t/Tok+en=1"
ORDERS: list[dict[str, Any]] = [
    {"id": number, "total": f"{number}.50", "updated_at": f"2018-09-{number:02d} 10:00:00"} for number in range(1, 8)
]


class Serve(Protocol):
    """Starts a server that ends with the test."""

    def __call__(self, answer: Answer, tls: ssl.SSLContext | None = None) -> Api: ...


@dataclass
class Shop:
    """A project with one bronze table, `orders`, whose contract's `api` a test writes."""

    invoke: Invoke
    folder: Path
    api: dict[str, Any]

    def call(self, *args: str, **rest: Any) -> Result:
        file = self.folder / "pipeline" / "contracts" / "bronze" / "orders.yaml"
        file.write_text(yaml.safe_dump(_contract(self.api)))
        env = {"SALESPERF_PIPELINE": str(self.folder / "pipeline"), "SHOP_TOKEN": SECRET, **rest.pop("env", {})}
        return self.invoke(*args, cwd=self.folder, env=env, **rest)

    def ingest(self, address: str, *args: str, exit_code: int = 0, **rest: Any) -> Result:
        result = self.call("ingest", address, "--table", "orders", *args, **rest)
        assert result.exit_code == exit_code, result.stderr
        return result

    @property
    def ledger(self) -> Ledger:
        return Ledger(FolderObjects(self.folder / "lake"))

    @property
    def lines(self) -> list[bytes]:
        """What lies in bronze, line by line."""
        receipts = [receipt for ingest in self.ledger.ingests() for receipt in ingest.receipts]
        files = [(self.folder / "lake" / receipt.key).read_bytes() for receipt in receipts]
        return [line for file in files for line in file.splitlines()]

    @property
    def ids(self) -> list[int]:
        return [json.loads(line)["id"] for line in self.lines]

    def everything(self) -> bytes:
        """All bytes of the project's folder, but the pipeline's."""
        files = [each for each in self.folder.rglob("*") if each.is_file() and "pipeline" not in each.parts]
        return b"\n".join(each.read_bytes() for each in files)


def new_shop(invoke: Invoke, folder: Path) -> Shop:
    """A project in `folder`."""
    files = {
        "pipeline/pipeline.yaml": "name: shop\ntitle: Shop\ndescription: Orders.\nversion: 1.0.0\n",
        "pipeline/contracts/bronze/orders.yaml": "",
        "pipeline/contracts/silver/orders.yaml": _SILVER,
        "pipeline/models/silver/orders.sql": _MODEL,
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Shop(invoke, folder, {})


def _contract(api: dict[str, Any]) -> dict[str, Any]:
    custom = [{"property": "filePatterns", "value": ["orders*"]}, {"property": "extraColumns", "value": "ignore"}]
    # Pauses of a test are short.
    custom.append({"property": "api", "value": {"backoff": 0.01, "timeout": 0.4, "attempts": 3, **api}})
    return {
        "apiVersion": "v3.1.0", "kind": "DataContract", "id": "shop.bronze.orders", "version": "1.0.0",
        "status": "active",
        "schema": [
            {
                "name": "orders", "physicalName": "bronze.orders", "physicalType": "file",
                "customProperties": custom,
                "properties": [
                    {"name": "id", "logicalType": "integer", "physicalType": "bigint", "primaryKey": True,
                     "primaryKeyPosition": 1},
                    {"name": "total", "logicalType": "number", "physicalType": "decimal(12,2)"},
                    {"name": "updated_at", "logicalType": "timestamp", "physicalType": "timestamp"},
                ],
            }
        ],
    }  # fmt: skip


_SILVER = """
apiVersion: v3.1.0
kind: DataContract
id: shop.silver.orders
version: 1.0.0
status: active
schema:
  - name: orders
    physicalName: silver.orders
    physicalType: table
    customProperties: [{property: incremental, value: merge}]
    properties:
      - {name: id, logicalType: integer, physicalType: bigint, primaryKey: true, primaryKeyPosition: 1}
      - {name: total, logicalType: number, physicalType: "decimal(12,2)"}
      - {name: updated_at, logicalType: timestamp, physicalType: timestamp}
"""
_MODEL = """SELECT
  CAST(id AS BIGINT) AS id, CAST(total AS DECIMAL(12,2)) AS total, CAST(updated_at AS TIMESTAMP) AS updated_at
FROM bronze.orders
"""


# answers


def page(asked: Asked, size: int = 3) -> tuple[list[dict[str, Any]], int]:
    """The records at `offset`, and the next offset."""
    at = int(asked.query.get("offset", 0))
    return ORDERS[at : at + size], at + size


def once(first: Reply, then: Answer) -> Answer:
    """Answers once with `first`, afterwards as `then`."""
    left = [first]
    return lambda asked: left.pop() if left else then(asked)


def third_page(reply: Reply) -> Answer:
    """Two good pages, then always `reply`."""
    return lambda asked: reply if asked.query.get("offset") == "6" else by_link_header(asked)


def by_next_link(asked: Asked) -> Reply:
    records, after = page(asked)
    return of({"data": {"items": records}, "next": f"/orders?offset={after}" if after < len(ORDERS) else None})


def by_link_header(asked: Asked) -> Reply:
    records, after = page(asked)
    link = f'</orders?offset=0>; rel="first", </orders?offset={after}>; title="a, b"; rel="next"'
    return of(records, headers={"Link": link if after < len(ORDERS) else ""})


def by_cursor(asked: Asked) -> Reply:
    at = int(asked.query.get("after", "c0")[1:])
    after = at + 3
    return of({"items": ORDERS[at:after], "meta": {"cursor": f"c{after}" if after < len(ORDERS) else ""}})
