"""What core asks of the world, as small Protocols. The embedded and the AWS backend each implement all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, NamedTuple, Protocol

import msgspec

if TYPE_CHECKING:
    from datetime import date

    from salesperf_cli.core.athena import Translation
    from salesperf_cli.core.athena_statement import Statement
    from salesperf_cli.core.build import BuildRequest, BuildResult, CheckRequest, CheckResult, StageRequest, StageResult
    from salesperf_cli.core.cost.actual import BilledGroup
    from salesperf_cli.core.deploy.stacks import ChangeSet, StackEvent, StackState
    from salesperf_cli.core.ledger import TableState
    from salesperf_cli.core.listing import Listing
    from salesperf_cli.core.tables import TableName


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object's bytes and the tag that a conditional replace must name."""

    data: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class ReceivedObject:
    """An object that was written once: its key, size in bytes, SHA-256 (hex), and whether this call created it."""

    key: str
    bytes: int
    sha256: str
    created: bool


class Objects(Protocol):
    """A bucket: whole objects under keys, created and replaced conditionally.

    A key is names with slashes between them (`keys.checked_key`, else InputError), and none is another's folder. Of
    several that create or replace an object at once, one wins. An etag says which bytes these are, not which write.
    """

    @property
    def parallel(self) -> int:
        """How many objects to receive at once."""

    def read(self, key: str) -> StoredObject | None:
        """The object, or None when there is none."""

    def create(self, key: str, data: bytes) -> bool:
        """Write a new object; False when the key is taken (nothing is written)."""

    def replace(self, key: str, data: bytes, etag: str) -> bool:
        """Replace an object that still has `etag`; False when it has changed or gone."""

    def delete(self, key: str) -> None:
        """Remove an object; none there is no error."""

    def keys(self, prefix: str) -> Sequence[str]:
        """All keys below the folder `prefix`, sorted; of the names beside a prefix that ends inside a name, none."""

    def receive(
        self,
        stream: BinaryIO,
        key_of: Callable[[str], str],
        *,
        watch: Callable[[bytes], None],
        stored: Callable[[int], None] | None = None,
    ) -> ReceivedObject:
        """Store a stream under `key_of(sha256)`, which is asked when the stream has ended.

        `watch` sees each block once, in order; `stored` is told how many more bytes have arrived, which may be later,
        and 0 now and then. Each stops it by raising. The same bytes under the same key again are no error
        (`created` is False); bytes of another size there raise ConflictError.
        """

    def open(self, key: str) -> BinaryIO:
        """A stream over an object's bytes, from beginning to end; FileNotFoundError when there is none."""

    def location(self, key: str) -> str:
        """The path or URL under which an engine reads the object; the empty key stands for the whole bucket."""


class Tables(Protocol):
    """Iceberg tables in a catalog: branches are written by an engine, and main is moved here."""

    def main(self, name: TableName) -> int | None:
        """The snapshot that main points at, or None when nothing was ever published there."""

    def publish(self, name: TableName, state: TableState, *, expected: int | None, tag: str) -> None:
        """Move main from `expected` to the state's snapshot and tag it; raises ConflictError when main is elsewhere.

        Doing it again is no error.
        """

    def listing(self, name: TableName, snapshot_id: int) -> Listing:
        """The data files, columns and statistics of a snapshot."""


class Engine(Protocol):
    """Runs models: DuckDB here, Spark on Glue. One engine object serves one run, from several threads."""

    def stage(self, request: StageRequest) -> StageResult:
        """Read bronze files, cast, judge, de-duplicate; afterwards models can read `bronze.<table>`."""

    def build(self, request: BuildRequest) -> BuildResult:
        """Run a model and commit its rows to the run's audit branch."""

    def check(self, request: CheckRequest) -> tuple[CheckResult, ...]:
        """Judge a table's candidate state by its contract's rules."""

    def unstage(self, table: TableName) -> None:
        """Drop the staged rows of a bronze table: no later step reads them."""

    def interrupt(self) -> None:
        """Stop what is under way; the steps then raise."""


class Answer(Protocol):
    """The rows of a query, fetched as they are asked for; columns are (name, Athena type)."""

    columns: tuple[tuple[str, str], ...]

    def fetch(self, count: int) -> list[tuple[Any, ...]]:
        """The next rows, at most `count`; none at the end."""

    def arrow(self) -> Any:
        """All remaining rows as an Arrow table."""


class Lake(Protocol):
    """Where a lake's files, ledger and tables are: all that publishing and looking need."""

    @property
    def objects(self) -> Objects:
        """Where files and the ledger are."""

    @property
    def tables(self) -> Tables:
        """The Iceberg tables."""


class BatchBackend(Lake, Protocol):
    """A lake with an engine that runs in this process."""

    @property
    def engine_name(self) -> str:
        """What the ledger calls the engine."""

    def engine(self, run_id: str) -> AbstractContextManager[Engine]:
        """An engine for one run; heavy imports happen here."""


class Backend(BatchBackend, Protocol):
    """All of the local target's parts, made by the factory from the settings."""

    def expect_question(self) -> None:
        """A question is being compiled: get ready to answer it."""

    def answer(self, translation: Translation, listings: Mapping[str, Listing]) -> AbstractContextManager[Answer]:
        """Run a query; its rows can be fetched inside the block."""


@dataclass(frozen=True, slots=True)
class JobRun:
    """A job as it stands: `state` as AWS names it in lower case, what it said at its end, and its seconds of work."""

    state: Literal["starting", "running", "stopping", "succeeded", "failed", "stopped", "timeout"]
    message: str = ""
    seconds: int = 0

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.state in ("succeeded", "failed", "stopped", "timeout")


class Jobs(Protocol):
    """Jobs that make a layer each, on machines elsewhere."""

    def start(self, layer: str, arguments: Mapping[str, str]) -> str:
        """Start the layer's job with arguments besides its own; gives the job run's id.

        Raises ConflictError while the job runs already.
        """

    def run(self, layer: str, job: str) -> JobRun:
        """How a job run stands."""

    def stop(self, layer: str, job: str) -> None:
        """Ask a job run to stop."""

    def log(self, layer: str, job: str, after: str | None) -> tuple[Sequence[str], str | None]:
        """The lines that a job run has printed after a place (None: from the beginning), and the place reached."""


@dataclass(frozen=True, slots=True)
class QueryProgress:
    """How far a query is: its state in the service's own word, seconds since it was sent, bytes scanned so far."""

    state: str
    seconds: float
    bytes_scanned: int


@dataclass(frozen=True, slots=True)
class QueryCost:
    """What a query took. `is_charged` is False for what the service does for nothing: SHOW, and answers used again."""

    query_id: str
    seconds: float
    bytes_scanned: int
    is_charged: bool
    is_reused: bool


class CostedAnswer(Answer, Protocol):
    """The rows of a query that a service ran, and what that took."""

    @property
    def cost(self) -> QueryCost:
        """What the query took."""


class Queries(Protocol):
    """A service that takes Athena SQL as it is written: Athena, where the target lies on AWS."""

    @property
    def region(self) -> str:
        """The region whose prices hold."""

    @property
    def databases(self) -> Mapping[str, str]:
        """The catalog database of each layer."""

    def answer(
        self, statement: Statement, watch: Callable[[QueryProgress], None], *, reuse_minutes: int = 0
    ) -> AbstractContextManager[CostedAnswer]:
        """Run a query; its rows can be fetched inside the block.

        `watch` is told how it goes, and stops it by raising. An answer to the same statement that is at most
        `reuse_minutes` old will do (0: none will).
        """

    def run(self, statement: Statement) -> None:
        """Run a statement whose answer is of no interest, such as CREATE VIEW."""


class Stacks(Protocol):
    """CloudFormation stacks: proposed, executed, followed, deleted."""

    def state(self, name: str) -> StackState | None:
        """A stack as it stands, or None."""

    def body(self, name: str) -> str:
        """The template that a stack was last made from."""

    def propose(
        self, name: str, text: str, parameters: Mapping[str, str], capabilities: Sequence[str], tags: Mapping[str, str]
    ) -> ChangeSet | None:
        """A change set for a stack that is there or not; None when nothing would change. Waits until it is made."""

    def discard(self, change_set: ChangeSet) -> None:
        """Delete a change set that will not be executed, with the empty stack that it made."""

    def execute(self, change_set: ChangeSet) -> None:
        """Begin to carry a change set out; a first creation that fails leaves nothing behind."""

    def events(self, name: str, after: str | None) -> Sequence[StackEvent]:
        """What has happened to a stack since the event `after` (None: ever), oldest first."""

    def invalid(self, name: str) -> Sequence[StackEvent]:
        """What CloudFormation found wrong with a stack before it began to make resources."""

    def delete(self, name: str) -> None:
        """Begin to delete a stack."""

    def protect(self, name: str, on: bool) -> None:
        """Set whether the stack refuses to be deleted."""

    def drifted(self, name: str) -> Sequence[str] | None:
        """Resources that were changed by other means; None where that cannot be told."""


class Storage(Protocol):
    """What a stack leaves behind when it is deleted: buckets and catalog databases."""

    def empty_and_delete_bucket(self, name: str) -> int:
        """Delete every version of every object, then the bucket; gives how many there were. None there is no error."""

    def delete_database(self, name: str) -> None:
        """Delete a catalog database with its tables' entries; none there is no error."""


class NoAnswerError(Exception):
    """Nothing came back, or not all of it: no connection, a time-out, a connection that broke off.

    Its text says which, and holds nothing of what was sent.
    """


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What a server answered. Names of headers are in lower case; `links` are the values of all its Link headers;
    `whole` is False when the body was longer than asked for and is left off there.
    """

    status: int
    headers: Mapping[str, str]
    links: Sequence[str]
    body: bytes
    whole: bool = True


class Http(Protocol):
    """Asks servers over HTTP: certificates are verified, redirects are answers like any other, nothing is repeated."""

    def get(self, address: str, headers: Mapping[str, str], *, seconds: float, longest: int) -> HttpAnswer:
        """The answer, its body inflated and at most `longest` bytes; `seconds` is the longest silence.

        Raises NoAnswerError, and InputError when the server does not prove who it is.
        """


class Secrets(Protocol):
    """Where secrets are kept. What is read is sent, and never shown."""

    def read(self, name: str) -> str:
        """A secret; raises InputError when there is none of that name, AccessError when it may not be read."""


class Keyed(Protocol):
    """What can be sent: records of one key keep their order; `data` is what consumers receive."""

    @property
    def key(self) -> str:
        """The partition key."""

    @property
    def data(self) -> bytes:
        """The content."""


class StreamRecord(NamedTuple):
    """A record to send, where it is nothing more."""

    key: str
    data: bytes


class Sent(msgspec.Struct, frozen=True, gc=False):
    """What became of one record: the error's code and message where it was not taken, else where it lies."""

    shard: str | None = None
    sequence: str | None = None
    error: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True)
class StreamedRecord:
    """A record as it lies in the stream, and when it arrived (seconds since 1970)."""

    shard: str
    sequence: str
    key: str
    data: bytes
    arrived: float


class EventStream(Protocol):
    """A stream with Kinesis' contract: several shards, order within each, every record at least once."""

    lanes: int
    """How many senders at once pay; records of one key go through one of them."""

    def put(self, records: Sequence[Keyed]) -> Sequence[Sent]:
        """Send at most 500 records of 5 MiB together; gives what became of each, in order.

        Raises RetryableError when nothing is known of any of them: they may lie in the stream or not.
        """

    def consuming(self) -> AbstractContextManager[None]:
        """While the block runs, records reach the function that lands them; at its end all have that were taken.

        On AWS they do so without this.
        """

    def shards(self) -> Sequence[str]:
        """The shards."""

    def position(self, shard: str, *, oldest: bool) -> str:
        """Where to read from: the oldest record that is still kept, or what comes from now on."""

    def read(self, shard: str, position: str, limit: int) -> tuple[Sequence[StreamedRecord], str]:
        """The next records of a shard from a position on, at most so many, and the position behind them."""


class Prices(Protocol):
    """The price list of a provider."""

    def products(self, service_code: str, fields: Mapping[str, str]) -> Iterable[Mapping[str, Any]]:
        """The products of a service whose attributes have these values, as the Price List API gives them."""


class Billing(Protocol):
    """What a provider has charged. `pages` counts the answers read so far: each is charged for."""

    pages: int

    def charges(self, start: date, end: date, tags: Mapping[str, str]) -> Iterable[tuple[BilledGroup, bool]]:
        """The charges from `start` up to `end` (not in it) by service; True beside those that can still change."""
