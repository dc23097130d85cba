"""A Trino server on the account's Glue catalog and S3, and its protocol over HTTP.

What Athena makes of it is in `athena`. It is started by the first query, not before: it takes ten seconds.
"""

from __future__ import annotations

import json
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.aws.standin.parts import REGION, Parts, free_port, start, stop, wait_until

CATALOG = "awsdatacatalog"
"""Athena's own name of the Glue catalog."""

_PREPARED = "asked"
_PATIENCE = 60
"""So many seconds a query waits for Trino's node."""
_LAKE = """
iceberg.catalog.type=glue
iceberg.hive-catalog-name=hive
iceberg.register-table-procedure.enabled=true
"""
_PLAIN_FILES = f"""
hive.metastore=glue
hive.iceberg-catalog-name={CATALOG}
hive.partition-projection-enabled=true
hive.recursive-directories=true
hive.non-managed-table-writes-enabled=true
"""


@dataclass(frozen=True, slots=True)
class Page:
    """One answer of Trino about a query."""

    state: str
    columns: tuple[Mapping[str, Any], ...]
    rows: tuple[tuple[Any, ...], ...]
    stats: Mapping[str, Any]
    error: Mapping[str, Any] | None
    update: str | None
    update_count: int | None


class Trino:
    """The server. `storage` is where Glue and S3 are, `key` what it asks them under; `home` is a folder of its own."""

    def __init__(self, parts: Parts, home: Path, storage: str, key: str) -> None:
        self._parts, self._home, self._storage, self._key = parts, home, storage, key
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._fault: RuntimeError | None = None

    def version(self) -> str:
        """The server's version, from the name of its main jar; nothing is started."""
        return next(self._parts.trino.glob("lib/io.trino_trino-main-*.jar")).stem.rpartition("-")[2]

    def run(self, sql: str, parameters: Sequence[str], database: str | None) -> Generator[Page]:
        """Run a query and give Trino's answers until it has ended. Closing the iterator cancels the query.

        `parameters` are SQL literals for the `?` of the query, in their order.
        """
        self._ready()
        headers = {"X-Trino-User": "athena", "X-Trino-Catalog": CATALOG, "X-Trino-Time-Zone": "UTC"}
        if database:
            headers["X-Trino-Schema"] = database.lower()
        if parameters:
            headers["X-Trino-Prepared-Statement"] = f"{_PREPARED}={urllib.parse.quote_plus(sql)}"
            sql = f"EXECUTE {_PREPARED} USING {', '.join(parameters)}"
        for _ in range(_PATIENCE):
            lost = yield from self._pages(sql, headers)
            if not lost:
                return
            time.sleep(1)
        raise RuntimeError("Trino has lost its one node")

    def _pages(self, sql: str, headers: Mapping[str, str]) -> Generator[Page, None, bool]:
        """The answers about a query; gives True where Trino's one node was not there for it.

        On a busy machine it is taken for dead when it answers late: nothing was wrong with the query.
        """
        answer = self._ask(f"http://127.0.0.1:{self._port}/v1/statement", headers, sql)
        try:
            while True:
                page = _page(answer)
                if page.error and page.error.get("errorName") == "NO_NODES_AVAILABLE":
                    return True
                yield page
                following = answer.get("nextUri")
                if not following:
                    return False
                answer = self._ask(following, headers)
        finally:
            if following := answer.get("nextUri"):
                self._ask(following, headers, method="DELETE")

    def close(self) -> None:
        """Stop the server, where it was started."""
        if self._process:
            stop(self._process)

    def _ready(self) -> None:
        with self._lock:
            if self._fault:
                raise self._fault
            if self._process is None:
                self._start()

    def _start(self) -> None:
        catalogs = self._home / "catalog"
        catalogs.mkdir(parents=True)
        shared = self._glue_and_s3()
        (catalogs / f"{CATALOG}.properties").write_text(f"connector.name=iceberg{_LAKE}{shared}", encoding="utf-8")
        (catalogs / "hive.properties").write_text(f"connector.name=hive{_PLAIN_FILES}{shared}", encoding="utf-8")
        self._port = free_port()
        config = self._home / "config.properties"
        config.write_text(_server_settings(self._port), encoding="utf-8")
        levels = self._home / "log.properties"
        levels.write_text("=WARN\n", encoding="utf-8")
        command = (
            self._parts.java, "-cp", f"{self._parts.trino}/lib/*", "-Xmx1500m", "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",  # short queries: the slower compiler never pays
            "-Djdk.attach.allowAttachSelf=true", "-XX:+EnableDynamicAgentLoading", "-Dnode.id=standin",
            "-Dnode.environment=standin", f"-Dnode.data-dir={self._home}", f"-Dconfig={config}",
            f"-Dlog.levels-file={levels}", f"-Dcatalog.config-dir={catalogs}",
            f"-Dplugin.dir={self._parts.trino}/plugin", "io.trino.server.TrinoServer",
        )  # fmt: skip
        log = self._home / "trino.log"
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self._home), "AWS_EC2_METADATA_DISABLED": "true"}
        process = start(tuple(map(str, command)), environment, log)
        try:
            wait_until(self._started, process, log, 90)
        except RuntimeError as fault:
            stop(process)
            self._fault = fault  # it would not start the next time either
            raise
        self._process = process

    def _glue_and_s3(self) -> str:
        storage = self._storage
        return (
            f"hive.metastore.glue.region={REGION}\nhive.metastore.glue.endpoint-url={storage}\n"
            f"hive.metastore.glue.aws-access-key={self._key}\nhive.metastore.glue.aws-secret-key=none\n"
            f"fs.native-s3.enabled=true\ns3.endpoint={storage}\ns3.region={REGION}\n"
            f"s3.path-style-access=true\ns3.aws-access-key={self._key}\ns3.aws-secret-key=none\n"
        )

    def _started(self) -> bool:
        try:
            return self._ask(f"http://127.0.0.1:{self._port}/v1/info", {}).get("starting") is False
        except OSError:
            return False

    def _ask(self, address: str, headers: Mapping[str, str], sql: str | None = None, method: str = "GET") -> Any:
        asked = urllib.request.Request(
            address, data=None if sql is None else sql.encode(), headers=dict(headers),
            method=method if sql is None else "POST",
        )  # fmt: skip
        with urllib.request.urlopen(asked, timeout=120) as answer:
            # A double keeps the text that Java gave it (1.0E10), as in Athena's results.
            return json.loads(answer.read() or b"{}", parse_float=str)


def _page(answer: Mapping[str, Any]) -> Page:
    return Page(
        answer["stats"]["state"], tuple(answer.get("columns") or ()),
        tuple(tuple(row) for row in answer.get("data") or ()), answer["stats"], answer.get("error"),
        answer.get("updateType"), answer.get("updateCount"),
    )  # fmt: skip


def _server_settings(port: int) -> str:
    return (
        "coordinator=true\nnode-scheduler.include-coordinator=true\n"
        f"http-server.http.port={port}\nnode.bind-ip=127.0.0.1\nnode.internal-address=127.0.0.1\n"
        f"discovery.uri=http://127.0.0.1:{port}\n"
        "query.max-memory=700MB\nquery.max-memory-per-node=700MB\nmemory.heap-headroom-per-node=300MB\n"
        "web-ui.enabled=false\n"
    )
