"""`cost prices refresh` and `cost actual` from the command line: prices and bills that come in pages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import requests
from moto.server import ThreadedMotoServer

from salesperf_cli.core.cost.book import PROJECT_BOOK, read_book, written
from tests.aws.moto_account import REGION, Shop, new_shop, nobody_else
from tests.proxy import Answer, Exchange, proxy_before

GLUE = "SAE1-ETL-DPU-Hour"
BOOK = read_book()
FEW = replace(BOOK, rows=tuple(row for row in BOOK.rows if (row.service, row.region) == ("Glue", REGION)))
"""A book that is quickly asked for."""


def product(usagetype: str, sku: str, *dimensions: dict[str, Any], **attributes: str) -> str:
    """A product as GetProducts gives it: a text of JSON, whose terms stand one level higher than in the bulk file."""
    dated = {f"{sku}.JRTCKXETXF.{at}": each for at, each in enumerate(dimensions)}
    said = {
        "product": {"sku": sku, "productFamily": "Serverless", "attributes": {"usagetype": usagetype, **attributes}},
        "serviceCode": "AWSGlue",
        "terms": {"OnDemand": {f"{sku}.JRTCKXETXF": {"priceDimensions": dated, "sku": sku, "termAttributes": {}}}},
        "version": "20261119002359",
        "publicationDate": "2026-11-19T00:23:59Z",
    }
    return json.dumps(said)


def dimension(begin: str, end: str, unit: str, usd: str) -> dict[str, Any]:
    return {"beginRange": begin, "endRange": end, "unit": unit, "pricePerUnit": {"USD": usd}, "appliesTo": []}


@dataclass
class PriceList:
    """What is listed by service code and usage type, two products a page; what was asked."""

    listed: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    asked: list[dict[str, Any]] = field(default_factory=list)
    refuses: int = 0

    def behave(self, exchange: Exchange) -> None:
        body = json.loads(exchange.read())
        assert exchange.headers["X-Amz-Target"] == "AWSPriceListService.GetProducts"
        self.asked.append(body)
        if self.refuses:
            self.refuses -= 1
            said: dict[str, Any] = {"__type": "ThrottlingException", "message": "Rate exceeded"}
        else:
            fields = {each["Field"]: each["Value"] for each in body["Filters"]}
            found, at = (
                self.listed.get((body["ServiceCode"], fields.get("usagetype", "")), []),
                int(body.get("NextToken", 0)),
            )
            said = {"FormatVersion": "aws_v1", "PriceList": found[at : at + 2]}
            said |= {"NextToken": str(at + 2)} if at + 2 < len(found) else {}
        status = 400 if "__type" in said else 200
        exchange.answer(Answer(status, (("Content-Type", "application/x-amz-json-1.1"),), json.dumps(said).encode()))


@pytest.fixture
def prices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[PriceList, Shop]]:
    """A price list, and a project whose target asks it; nobody waits between two attempts."""
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.0)
    list_ = PriceList()
    with nobody_else(tmp_path), proxy_before("http://127.0.0.1:9", list_.behave) as address:
        shop = new_shop(tmp_path / "shop", region=REGION, endpoint_url=address)
        (shop.folder / PROJECT_BOOK).write_bytes(written(FEW))
        yield list_, shop


def test_new_prices_are_read_from_all_pages_shown_and_written(prices: tuple[PriceList, Shop]) -> None:
    list_, shop = prices
    free = product("Global-Request", "FREE", dimension("0", "1000000", "Request", "0.0000000000"), location="Any")
    flex = product(GLUE, "FLEX", dimension("0", "Inf", "DPU-Hour", "0.1"), operation="FlexJobrun")
    jobs = product(GLUE, "JOBS", dimension("0", "Inf", "DPU-Hour", "0.7100000000"), operation="Jobrun")
    list_.listed["AWSGlue", GLUE] = [free, flex, jobs]  # what is looked for stands on the second page
    known = BOOK.price("Glue", "ETL-DPU-Hour", REGION)
    assert known is not None
    found = shop.call("cost", "prices", "refresh", "--yes", "-o", "json")
    assert found.exit_code == 0, found.stderr
    (change,) = found.document["changes"]
    assert (change["usage_type"], change["region"]) == (GLUE, REGION)
    assert (float(change["before"]), float(change["after"])) == (float(known.rows[0].price or 0), 0.71)
    assert any(each.get("NextToken") == "2" for each in list_.asked)
    assert all({"Type": "TERM_MATCH"}.items() <= each.items() for asked in list_.asked for each in asked["Filters"])
    listed = shop.call("cost", "prices", "glue", REGION, "ETL-DPU-Hour", "-o", "json")
    row = next(each for each in listed.document if each["usage_type"] == GLUE)
    assert float(row["price"]) == 0.71 and row["source_date"] == "2026-11-19" and "SKU JOBS" in row["source"]


def test_a_dry_run_and_a_refusal_write_no_book(prices: tuple[PriceList, Shop]) -> None:
    list_, shop = prices
    list_.listed["AWSGlue", GLUE] = [product(GLUE, "J", dimension("0", "Inf", "h", "9"), operation="Jobrun")]
    list_.refuses = 3
    dry = shop.call("cost", "prices", "refresh", "--dry-run", "-o", "json")
    assert dry.exit_code == 0 and len(dry.document["changes"]) == 1, "a throttle was waited out"
    list_.refuses = 1_000
    busy = shop.call("cost", "prices", "refresh", "--yes")
    assert busy.exit_code == 5 and "cannot read the prices of" in busy.stderr and "just now" in busy.stderr
    assert (shop.folder / PROJECT_BOOK).read_bytes() == written(FEW)


# what was billed


@pytest.fixture(scope="module")
def explorer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """moto's Cost Explorer, which answers from a queue; its address."""
    with nobody_else(tmp_path_factory.mktemp("nobody")):
        server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        server.start()
        yield "http://{}:{}".format(*server.get_host_and_port())
        server.stop()


def page(service: str, usd: str, token: str | None = None) -> dict[str, Any]:
    """A page of an answer."""
    group = {"Keys": [service], "Metrics": {"UnblendedCost": {"Amount": usd, "Unit": "USD"}}}
    period = {"TimePeriod": {"Start": "2026-10-01", "End": "2026-11-01"}, "Estimated": False, "Groups": [group]}
    return {"ResultsByTime": [period], "GroupDefinitions": [], **({"NextPageToken": token} if token else {})}


def test_bills_of_several_pages_are_added_up_and_each_page_is_counted(explorer: str, tmp_path: Path) -> None:
    pages = [page("AWS Glue", "1.50", "two"), page("Amazon Kinesis", "19.71", "three"), page("AWS Glue", "0.34")]
    seeded = requests.post(f"{explorer}/moto-api/static/ce/cost-and-usage-results", json={"results": pages}, timeout=5)
    assert seeded.status_code == 201
    found = new_shop(tmp_path, region=REGION, endpoint_url=explorer).call(
        "cost", "actual", "--month", "2026-10", "--yes", "-o", "json"
    )
    assert found.exit_code == 0, found.stderr
    bill = found.document
    assert {each["service"]: float(each["usd"]) for each in bill["groups"]} == {
        "AWS Glue": 1.84,
        "Amazon Kinesis": 19.71,
    }
    assert (float(bill["usd"]), bill["pages"], float(bill["asked_usd"])) == (21.55, 3, 0.03)


def test_bills_that_may_not_be_seen_are_told(tmp_path: Path) -> None:
    def refuse(exchange: Exchange) -> None:
        exchange.read()
        denied = "User: arn:aws:iam::1:user/clerk is not authorized to perform: ce:GetCostAndUsage"
        said = json.dumps({"__type": "AccessDeniedException", "message": denied}).encode()
        exchange.answer(Answer(400, (("Content-Type", "application/x-amz-json-1.1"),), said))

    with nobody_else(tmp_path), proxy_before("http://127.0.0.1:9", refuse) as address:
        shop = new_shop(tmp_path / "shop", region=REGION, endpoint_url=address)
        found = shop.call("cost", "actual", "--month", "2026-10", "--yes")
    assert found.exit_code == 4 and "ask for that permission (ce:GetCostAndUsage)" in found.stderr
