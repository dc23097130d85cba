"""What core asks of the world, as small Protocols, by who asks. Each backend implements those that its target has."""

from __future__ import annotations

from salesperf_cli.backends.ports.engine import Backend, BatchBackend, Engine
from salesperf_cli.backends.ports.events import IN_HAND, EventStream, Keyed, Landing, Sent, StreamedRecord, StreamRecord
from salesperf_cli.backends.ports.jobs import JobRun, Jobs
from salesperf_cli.backends.ports.lake import Lake, ObjectEntry, Objects, ReceivedObject, StoredObject, Tables
from salesperf_cli.backends.ports.money import Billing, Prices
from salesperf_cli.backends.ports.queries import Answer, CostedAnswer, Queries, QueryCost, QueryProgress
from salesperf_cli.backends.ports.stacks import Stacks, Storage
from salesperf_cli.backends.ports.web import Http, HttpAnswer, NoAnswerError, Secrets

__all__ = [
    "IN_HAND",
    "Answer",
    "Backend",
    "BatchBackend",
    "Billing",
    "CostedAnswer",
    "Engine",
    "EventStream",
    "Http",
    "HttpAnswer",
    "JobRun",
    "Jobs",
    "Keyed",
    "Lake",
    "Landing",
    "NoAnswerError",
    "ObjectEntry",
    "Objects",
    "Prices",
    "Queries",
    "QueryCost",
    "QueryProgress",
    "ReceivedObject",
    "Secrets",
    "Sent",
    "Stacks",
    "Storage",
    "StoredObject",
    "StreamRecord",
    "StreamedRecord",
    "Tables",
]
