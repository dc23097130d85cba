"""From the user's SQL to the statement that is sent: databases for layers, ? for :name, and snapshots for --as-of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from sqlglot import Token, TokenType

from salesperf_cli.core.athena import Catalog, Translation, parsing
from salesperf_cli.core.athena.context import near, refuse
from salesperf_cli.core.athena.statements import expect_explained, expect_reading, statement_tokens, without_first
from salesperf_cli.core.athena_statement.references import Reference, references, references_by_sight
from salesperf_cli.core.athena_statement.splices import Splice, Spliced
from salesperf_cli.core.athena_statement.values import literals, parameter_places
from salesperf_cli.errors import InputError

LONGEST = 262_144
"""Bytes of one statement (Amazon Athena service quotas)."""

Kind = Literal["query", "show", "explain", "view"]

_ANALYZE = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*EXPLAIN\s+ANALYZE\b", re.I | re.S)


@dataclass(frozen=True, slots=True)
class AthenaLake:
    """What the lake is called in Athena, and what is in it.

    `databases` gives each layer's database in the Glue catalog; `versions` the snapshot at which each table is to be
    read, None for the tables as they are, and `as_of` how the user said that.
    """

    catalog: Catalog
    databases: Mapping[str, str]
    versions: Mapping[str, int] | None = None
    as_of: str = ""


@dataclass(frozen=True, slots=True)
class Statement:
    """What is sent: the text with its splices, the parameters in order, and what kind of answer it gives.

    Only a `query`, and EXPLAIN ANALYZE, read data and are charged for.
    """

    spliced: Spliced
    parameters: tuple[str, ...] = ()
    kind: Kind = "query"
    notes: tuple[str, ...] = field(default=())

    @property
    def sql(self) -> str:
        """The text that is sent."""
        return self.spliced.text

    @property
    def is_free(self) -> bool:
        """Whether Athena answers it without reading data."""
        return self.kind in ("show", "view") or (self.kind == "explain" and not _ANALYZE.match(self.sql))

    def shown_at(self, line: int, column: int) -> tuple[str, ...]:
        """The user's line, with a caret, for a place that Athena names in the text that was sent."""
        return parsing.syntax_error(self.spliced.given, *self.spliced.given_place(line, column), "").detail


def statement_of(
    sql: str, lake: AthenaLake, given: Mapping[str, str] | None = None, translation: Translation | None = None
) -> Statement:
    """The statement to send for what the user typed.

    `given` are the values of `:name` as text; `translation` is what the local compiler made of the SQL, where it could:
    it knows the types in which parameters are read. Raises InputError for what does more than read, for parameters that
    do not fit, and for what cannot be read as of `lake.as_of`.
    """
    read, tokens = sql, statement_tokens(sql)
    word = expect_reading(sql, tokens)
    if word in ("SHOW", "DESCRIBE", "DESC"):
        return _sent(_show(sql, word, tokens, lake))
    kind: Kind = "query"
    if word == "EXPLAIN":
        kind, read = "explain", _explained(sql, tokens)
        tokens = statement_tokens(read)
        expect_explained(tokens)
    places = list(parameter_places(tokens))
    _refuse_question_marks(tokens)
    values = literals(sql, tuple(dict.fromkeys(name for name, _, _ in places)), given or {}, translation)
    splices = [Splice(start, end, "?") for _, start, end in places]
    splices += _table_splices(sql, tokens, lake, ())
    splices += _semicolons(read)
    return _sent(Statement(Spliced.of(sql, splices), tuple(values[name] for name, _, _ in places), kind))


def view_query(name: str, sql: str, lake: AthenaLake, above: tuple[str, ...] = ()) -> str:
    """A serving view's SELECT with databases for layers (and versions); raises InputError for parameters."""
    tokens = statement_tokens(sql)
    word = expect_reading(sql, tokens)
    if word in ("SHOW", "DESCRIBE", "DESC", "EXPLAIN") or any(True for _ in parameter_places(tokens)):
        raise InputError(
            f"the view {name} is no view's SELECT", why="a view has no parameters", remedy=f"correct {name}"
        )
    splices = _table_splices(sql, tokens, lake, (*above, name)) + _semicolons(sql)
    return Spliced.of(sql, splices).text.strip()


def tables_read(sql: str, lake: AthenaLake) -> tuple[str, ...]:
    """The tables and views that a query names, as `layer.table`."""
    named = dict.fromkeys(each.name for each in _references(sql, statement_tokens(sql), lake) if not each.is_column)
    return tuple(named)


def _sent(statement: Statement) -> Statement:
    size = len(statement.sql.encode())
    if size > LONGEST:
        raise InputError(
            f"the statement has {size:,} bytes",
            why=f"Athena takes {LONGEST:,}",
            remedy="shorten it: lists of values fit better into a table",
        )
    return statement


def _semicolons(sql: str) -> list[Splice]:
    """Those at the end of a single statement, to be left out; comments stay."""
    return [
        Splice(each.start, each.end + 1, "")
        for each in parsing.tokens_of(sql)
        if each.token_type == TokenType.SEMICOLON
    ]


def _refuse_question_marks(tokens: list[Token]) -> None:
    if any(token.token_type == TokenType.PLACEHOLDER for token in tokens):
        refuse("? has no value", "Parameters have names here.", "Write :name, and --param name=value.")


# EXPLAIN


def _explained(sql: str, tokens: list[Token]) -> str:
    """The text with EXPLAIN [ANALYZE] [VERBOSE] [(options)] blanked out."""
    rest = without_first(sql, tokens)
    options = re.match(r"\s*(?:ANALYZE\b\s*)?(?:VERBOSE\b\s*)?(?:\(\s*(?:TYPE|FORMAT)\b[^()]*\))?", rest, re.I)
    skipped = options.end() if options else 0
    return re.sub(r"[^\n]", " ", rest[:skipped]) + rest[skipped:]


# SHOW and DESCRIBE


def _show(sql: str, word: str, tokens: list[Token], lake: AthenaLake) -> Statement:
    """Hive's words for tables: no double quotes, and a layer stands before a dot or after IN."""
    read = without_first(sql, tokens)
    tokens = [token for token in statement_tokens(read) if token.token_type != TokenType.UNKNOWN]  # `
    splices, notes = _semicolons(read), []
    words = [word, *(token.text.upper() for token in tokens)]
    for at, token in enumerate(tokens):
        after = tokens[at + 1] if at + 1 < len(tokens) else None
        is_before_dot = after is not None and after.token_type == TokenType.DOT
        if is_before_dot or (words[at] in ("IN", "FROM") and not _is_of_columns(words, at)):
            splices += _database_splice(token, lake)
    bare = _bare_table(words, tokens)
    if bare is not None and (layer := _layer_of_bare(bare.text, lake)):
        splices.append(Splice(bare.start, bare.start, f"{lake.databases[layer]}."))
    if words[:2] == ["SHOW", "TABLES"] and not {"IN", "FROM"} & set(words):
        notes.append("Athena lists the tables of one layer, here gold; SHOW TABLES IN silver lists another's.")
    return Statement(Spliced.of(sql, splices), (), "show", tuple(notes))


def _is_of_columns(words: list[str], at: int) -> bool:
    """SHOW COLUMNS IN names a table first, and its layer only with a second IN."""
    return words[1:2] == ["COLUMNS"] and at == 2


def _database_splice(token: Token, lake: AthenaLake) -> Iterator[Splice]:
    if token.token_type not in (TokenType.VAR, TokenType.IDENTIFIER):
        return
    name = token.text.lower()
    if name == "bronze":
        _refuse_bronze("a table")
    if name in lake.databases:
        yield Splice(token.start, token.end + 1, lake.databases[name])


def _bare_table(words: list[str], tokens: list[Token]) -> Token | None:
    """The table of DESCRIBE x or SHOW COLUMNS IN x, where no layer is named."""
    if words[0] in ("DESCRIBE", "DESC") and len(tokens) == 1:
        return tokens[0]
    if words[:2] == ["SHOW", "COLUMNS"] and len(tokens) == 3:
        return tokens[2]
    return None


def _layer_of_bare(name: str, lake: AthenaLake) -> str | None:
    known = {each.lower() for each in lake.catalog.tables()}
    return next((layer for layer in lake.databases if f"{layer}.{name.lower()}" in known), None)


# tables


def _references(sql: str, tokens: list[Token], lake: AthenaLake) -> tuple[Reference, ...]:
    tree = parsing.parse_leniently(sql, tokens)
    if tree is not None:
        return tuple(references(tree, lake.catalog, lake.databases))
    seen = references_by_sight(tokens, lake.databases)
    if seen is None or (lake.versions is not None and seen):
        parsing.parse(sql, tokens)  # raises, and says where
    return seen or ()


def _table_splices(sql: str, tokens: list[Token], lake: AthenaLake, above: tuple[str, ...]) -> list[Splice]:
    splices: list[Splice] = []
    after_table = {name.start for word, name in pairwise(tokens) if word.token_type == TokenType.TABLE}
    for reference in _references(sql, tokens, lake):
        if reference.layer == "bronze":
            _refuse_bronze(reference.table)
        if lake.versions is None:
            splices += _database_of(reference, lake)
        elif reference.start in after_table:
            refuse(
                f"TABLE {reference.name} cannot be read as of {lake.as_of}",
                "Athena's TABLE takes a name and no version.",
                f"Write SELECT * FROM {reference.name}.",
            )
        elif reference.layer == "serving":
            splices += _view_in_place(reference, lake, above)
        else:
            splices += [*_database_of(reference, lake), *_version_of(reference, lake)]
    return splices


def _database_of(reference: Reference, lake: AthenaLake) -> Iterator[Splice]:
    if reference.layer is None:
        return
    database = f'"{lake.databases[reference.layer]}"'
    if reference.layer_start == reference.tail:  # a bare name
        yield Splice(reference.tail, reference.tail, f"{database}.")
    else:
        yield Splice(reference.layer_start, reference.layer_end, database)


def _version_of(reference: Reference, lake: AthenaLake) -> Iterator[Splice]:
    """FOR VERSION AS OF, behind the table's name and before its alias."""
    if reference.is_column:
        return
    if reference.has_version:
        refuse(
            f"{reference.name} is told twice when it is read",
            f"--as-of {lake.as_of} says so, and the SQL too.",
            "Say it once.",
        )
    snapshot = (lake.versions or {}).get(reference.name)
    if snapshot is None:
        close = near(reference.name, lake.versions or ())
        refuse(
            f"{reference.name} cannot be read as of {lake.as_of}",
            close or "It is no table of the lake that was published then.",
            "Leave --as-of out, or name another release: salesperf releases.",
        )
    yield Splice(reference.end, reference.end, f" FOR VERSION AS OF {snapshot}")


def _view_in_place(reference: Reference, lake: AthenaLake, above: tuple[str, ...]) -> Iterator[Splice]:
    """A view has no versions: its SELECT stands in its place, over the tables as of then."""
    name = reference.name
    if reference.is_column:  # its relation is a subquery now, which no layer can stand before
        yield Splice(reference.start, reference.tail, "")
        return
    sql = lake.catalog.view(name)
    if sql is None or reference.has_version:
        refuse(
            f"{name} cannot be read as of {lake.as_of}",
            "A view has no versions, and the pipeline has no SELECT to stand for this one.",
            "Read the tables under it.",
        )
    if name in above:
        refuse(f"the view {name} reads itself", " → ".join([*above, name]), "Break the circle.")
    alias = "" if reference.has_alias else f' AS "{reference.table}"'
    yield Splice(reference.start, reference.end, f"(\n{view_query(name, sql, lake, above)}\n){alias}")


def _refuse_bronze(table: str) -> None:
    refuse("bronze is not queryable", "It holds files exactly as received.", f"Query silver.{table} instead.")
