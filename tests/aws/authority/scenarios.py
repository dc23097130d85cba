"""What each verb is asked to do under its policy: all that it can call. Not a test module."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import msgspec

from salesperf_cli.backends.aws.content import PART
from salesperf_cli.backends.aws.jobs import GlueJobs
from salesperf_cli.backends.aws.session import Account, AwsSession
from salesperf_cli.core.lease import Holder
from salesperf_cli.core.ledger import Ledger
from salesperf_cli.errors import InputError
from tests.api_server import of, serving
from tests.aws.authority.ground import Ground
from tests.aws.standin.parts import REGION

SCENARIOS: dict[str, Callable[[Ground], None]] = {}
"""By the verb."""


def scenario(verb: str) -> Callable[[Callable[[Ground], None]], Callable[[Ground], None]]:
    """Enter a function as the scenario of a verb."""

    def enter(function: Callable[[Ground], None]) -> Callable[[Ground], None]:
        SCENARIOS[verb] = function
        return function

    return enter


@scenario("doctor")
def _doctor(ground: Ground) -> None:
    assert ground.shop.done("doctor")["healthy"]


@scenario("ingest")
def _ingest(ground: Ground) -> None:
    files = ground.shop.folder / "files"
    large = files.with_name("olist_geolocation_dataset.csv")
    content = (files / large.name).read_bytes()
    large.write_bytes(content * (1 + PART // len(content)))
    ground.shop.done("ingest", large.name)
    with suppress(ground.client("secretsmanager").exceptions.ResourceExistsException):
        ground.client("secretsmanager").create_secret(Name="salesperf/shop", SecretString="s3cret")
    rows = [{"product_category_name": "a", "product_category_name_english": "b"}]
    with serving(lambda asked: of(rows)) as api:
        ground.shop.done("ingest", f"{api.url}/c", "--table", "category_translation", "--secret", "salesperf/shop")


@scenario("withdraw")
def _withdraw(ground: Ground) -> None:
    ground.shop.done("withdraw", "olist_order_reviews_dataset.csv")
    with ground.authority.freely():
        ground.shop.done("ingest", "files")


@scenario("run-batch")
def _run_batch(ground: Ground) -> None:
    with ground.authority.freely():
        ground.shop.done("replay", "files", "--limit", "2", "--verify")
        ground.lake.objects.create("_ledger/leases/batch.json", _lease_of_a_killed_run())
    ground.shop.done("run-batch", "--dry-run")
    ground.shop.call("run-batch")  # the jobs of this stand-in end at once and do nothing
    jobs = GlueJobs(AwsSession(Account(REGION, None, ground.shop.endpoint_url)), ground.resources)
    for layer in ("silver", "gold"):
        with suppress(InputError):  # there is no such run: it is enough to have been let in
            jobs.stop(layer, "jr_0")  # as after Ctrl-C


@scenario("replay")
def _replay(ground: Ground) -> None:
    ground.spend_yesterday()
    lake = ground.resources["LakeBucketName"]
    rejected = gzip.compress(json.dumps({"event_id": "of another"}).encode())
    key = "speed_rejected/sale_events/landed_date=2026-01-01/landed_hour=00/a.ndjson.gz"
    ground.client("s3").put_object(Bucket=lake, Key=key, Body=rejected)
    ground.shop.done("replay", "--limit", "3", "--verify")
    ground.shop.done("replay", "--archive", "--limit", "1")


@scenario("tail")
def _tail(ground: Ground) -> None:
    with ground.authority.freely():
        ground.shop.done("replay", "files", "--limit", "2", "--verify")
    assert ground.shop.call("tail", "--from-start", "--limit", "1").exit_code == 0
    assert ground.shop.call("tail", "--stream", "--from-start", "--limit", "1").exit_code == 0


@scenario("promote")
def _promote(ground: Ground) -> None:
    with ground.authority.freely():
        ground.leave_audited_run()
        ground.shop.done("publish-views")  # which are then opened and closed
    ground.shop.done("promote", "all")


@scenario("rollback")
def _rollback(ground: Ground) -> None:
    ground.release()
    ground.release()
    with ground.authority.freely():
        ground.shop.done("publish-views")
    ground.shop.done("rollback", "all")


@scenario("vacuum")
def _vacuum(ground: Ground) -> None:
    ground.release()
    ground.release()
    ground.lake.objects.create("_tmp/left/over.json", b"{}")
    with ground.authority.freely():
        ground.shop.done("status")  # which lists what is released
        ground.release()
    ground.leave_cut_off_promotion()
    ground.shop.done("vacuum", "--keep-releases", "1", "--keep-days", "0", "--grace", "0", "--yes")


@scenario("releases")
def _releases(ground: Ground) -> None:
    assert ground.shop.done("releases")["releases"]


@scenario("publish-views")
def _publish_views(ground: Ground) -> None:
    assert ground.shop.done("publish-views")["published"]
    ground.leave_cut_off_promotion()
    ground.shop.done("publish-views")


@scenario("query")
def _query(ground: Ground) -> None:
    with ground.authority.freely():
        run = ground.leave_audited_run()
        ground.shop.done("promote", "all")
        ground.shop.done("replay", "files", "--limit", "2", "--verify")
    for sql in ("silver.orders", "gold.sales_wide", "quarantine.orders", "speed.sale_events"):
        ground.shop.done("query", f"SELECT count(*) AS n FROM {sql}", "-o", "json")
    ground.shop.done("query", "SELECT count(*) AS n FROM silver.orders", "--as-of", run, "-o", "json")


@scenario("status")
def _status(ground: Ground) -> None:
    ground.release()  # whose files nobody has listed yet
    with ground.authority.freely():
        ground.leave_audited_run()
        record = Ledger(ground.lake.objects).last_run()
        assert record is not None
        Ledger(ground.lake.objects).write_run(replace(record, status="running"))
    assert ground.shop.done("status")["last_run"]["status"] == "killed"


@scenario("cost diff")
def _cost_diff(ground: Ground) -> None:
    ground.shop.done("cost", "diff", "deployed", "dev", "-o", "json")


@scenario("cost query")
def _cost_query(ground: Ground) -> None:
    ground.release()
    for sql in ("silver.orders", "gold.sales_wide", "quarantine.orders", "speed.sale_events"):
        ground.shop.done("cost", "query", f"SELECT count(*) AS n FROM {sql}")


@scenario("cost usage")
def _cost_usage(ground: Ground) -> None:
    ground.release()
    with ground.authority.freely():
        ground.shop.done("replay", "files", "--limit", "2", "--verify")
    assert ground.shop.call("cost", "usage", "--measured").exit_code == 0


@scenario("cost accuracy")
def _cost_accuracy(ground: Ground) -> None:
    ground.shop.done("cost", "accuracy")


@scenario("permissions")
def _permissions(ground: Ground) -> None:
    shown = ground.shop.call("permissions", "query", "--policy")
    assert shown.exit_code == 0 and "${" not in shown.stdout and shown.stderr == ""
    assert json.loads(shown.stdout) == ground.policy("query")


def _lease_of_a_killed_run() -> bytes:
    return msgspec.json.encode(Holder("run", "elsewhere", 1, "", "run-batch", datetime(2026, 1, 1, tzinfo=UTC)))
