"""The allow-list: every Trino function that is answered, how, and the well-known ones that are refused and why."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from salesperf_cli.core.athena.calls import Call
from salesperf_cli.core.athena.context import Typed
from salesperf_cli.core.athena.trino_types import BIGINT, BOOLEAN, DOUBLE, INTEGER, VARBINARY, VARCHAR, Type

GROUPS = (
    "aggregates",
    "windows_list",
    "conditional",
    "text",
    "patterns",
    "mathematics",
    "dates",
    "nested",
    "json_functions",
)


@dataclass(frozen=True, slots=True)
class Function:
    """One entry: `make` compiles a call, `how` says for the reader how the answer is honoured."""

    name: str
    make: Callable[[Call], Typed]
    how: str = "same function"
    kind: str = "scalar"


_TYPES = {
    "varchar": VARCHAR,
    "bigint": BIGINT,
    "double": DOUBLE,
    "boolean": BOOLEAN,
    "integer": INTEGER,
    "varbinary": VARBINARY,
}


def simple(name: str, result: Type, *forms: tuple[str, str], how: str = "same function") -> Function:
    """A function that is a template: each form is (parameter types, DuckDB text with {0}, {1}, …)."""
    wanted = {len(types.split()): ([_TYPES[kind] for kind in types.split()], sql) for types, sql in forms}

    def make(call: Call) -> Typed:
        call.count(min(wanted), max(wanted))
        if len(call.arguments) not in wanted:
            call.count(min(wanted))
        kinds, template = wanted[len(call.arguments)]
        for macro in re.findall(r"\btrino_\w+", template):
            call.ctx.macros[macro] = None
        return Typed(template.format(*(call.value(i, kind).sql for i, kind in enumerate(kinds))), result)

    return Function(name, make, how)


@cache
def _group(name: str) -> dict[str, Function]:
    module = import_module(f"salesperf_cli.core.athena.functions.{name}")
    return {function.name: function for function in module.FUNCTIONS}


def find(name: str) -> Function | None:
    """The entry of a function; groups are loaded only until it is found, since start-up is a feature."""
    for group in GROUPS:
        found = _group(group).get(name)
        if found is not None:
            return found
    return None


def names() -> list[str]:
    """Every function of the allow-list."""
    return sorted(name for group in GROUPS for name in _group(group))


def groups() -> dict[str, list[Function]]:
    """Every function by group, for the reference page."""
    return {group: sorted(_group(group).values(), key=lambda function: function.name) for group in GROUPS}


REFUSED = {
    "rand": "A random answer differs from run to run.",
    "random": "A random answer differs from run to run.",
    "shuffle": "A random answer differs from run to run.",
    "uuid": "A random answer differs from run to run.",
    "checksum": "It is a hash of Trino's own.",
    "xxhash64": "DuckDB has no xxhash64 of the same seed.",
    "murmur3": "DuckDB has no murmur3.",
    "crc32": "DuckDB has no crc32.",
    "sha512": "DuckDB has no sha512.",
    "spooky_hash_v2_64": "DuckDB has no SpookyHash.",
    "approx_set": "It is a sketch of Trino's own.",
    "numeric_histogram": "It is an approximation of Trino's own.",
    "approx_most_frequent": "It is an approximation of Trino's own.",
    "tdigest_agg": "It is a sketch of Trino's own.",
    "qdigest_agg": "It is a sketch of Trino's own.",
    "url_encode": "DuckDB encodes blanks otherwise.",
    "soundex": "DuckDB has no soundex.",
    "word_stem": "DuckDB has no stemmer.",
    "json_query": "SQL/JSON paths are not translated; use json_extract.",
    "json_value": "SQL/JSON paths are not translated; use json_extract_scalar.",
    "json_exists": "SQL/JSON paths are not translated; use json_extract.",
    "multimap_agg": "Use array_agg and map_agg.",
    "current_timezone": "It depends on the session.",
    "version": "It is not Athena that answers.",
    "ifnull": "It is no Athena function; use coalesce.",
    "nvl": "It is no Athena function; use coalesce.",
    "to_char": "It is no Athena function before Teradata's; use date_format.",
    "len": "It is no Athena function; use length.",
    "string_agg": "It is no Athena function; use listagg.",
    "group_concat": "It is no Athena function; use listagg.",
    "datediff": "It is no Athena function; use date_diff.",
    "dateadd": "It is no Athena function; use date_add.",
    "median": "It is no Athena function; use approx_percentile(x, 0.5).",
    "left": "It is no Athena function; use substr(x, 1, n).",
    "right": "It is no Athena function; use substr(x, -n).",
    "isnull": "It is no Athena function; use IS NULL.",
}
