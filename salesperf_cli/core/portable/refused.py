"""What is refused with advice: functions, clauses, node classes and reserved words. Data only; what is
allowed is `allow_list`.
"""

from __future__ import annotations

_NOT_REPEATABLE = "a model gives the same rows on every run; take times from the data"
_ROW_NUMBER = "rank with row_number() OVER (PARTITION BY … ORDER BY …, key) in a WITH clause and keep row 1"
_PERCENTILE = "exact percentiles: row_number() and count(*) OVER (PARTITION BY …), then take the rows in the middle"
_PARSE = "write try_to_timestamp(x, 'yyyy-MM-dd HH:mm:ss'), with cast(… as date) around it for a date"
_CAST = "write cast(x as type)"

FUNCTIONS = {
    **dict.fromkeys(
        (
            "percentile",
            "percentile_approx",
            "approx_percentile",
            "median",
            "percentile_cont",
            "percentile_disc",
        ),
        _PERCENTILE,
    ),
    **dict.fromkeys(("first", "last", "any_value", "min_by", "max_by", "mode", "nth_value"), _ROW_NUMBER),
    **dict.fromkeys(
        ("now", "current_date", "current_timestamp", "curdate", "localtimestamp", "rand", "random", "uuid"),
        _NOT_REPEATABLE,
    ),
    **dict.fromkeys(
        ("to_date", "to_timestamp", "date", "timestamp", "try_to_date", "make_date", "make_timestamp"), _PARSE
    ),
    **dict.fromkeys(("int", "bigint", "double", "string", "boolean", "float", "decimal"), _CAST),
    **dict.fromkeys(
        (
            "collect_set",
            "collect_list",
            "array_agg",
            "sort_array",
            "array_sort",
            "array_distinct",
            "array",
            "string_agg",
            "listagg",
        ),
        "a list in one string: array_join(array_sort(collect_set(x)), ', ')",
    ),
    **dict.fromkeys(("every", "any", "some"), "write bool_and(x) or bool_or(x)"),
    **dict.fromkeys(
        ("explode", "posexplode", "inline", "stack"),
        "join with a VALUES list or a table instead of making rows from a cell",
    ),
    **dict.fromkeys(("hash", "xxhash64", "crc32", "sha1", "sha"), "write sha2(x, 256) or md5(x)"),
    "approx_count_distinct": "write count(DISTINCT x)",
    "initcap": "keep the text as it is, or lower(x) or upper(x): the engines disagree on where a word begins",
    "split": "write split_part(x, ',', 1)",
    "acos": "rounding pushes its argument past 1; use the haversine: 2 * asin(sqrt(…))",
    "bround": "write round(cast(x as decimal(18,4)), 2)",
    "log": "write ln(x) or log10(x)",
    "log2": "write ln(x) / ln(2)",
    "mod": "write x % n",
    "months_between": "write datediff(end, start), or year(…) * 12 + month(…) of both",
    "from_unixtime": "keep timestamps as timestamps",
    "date_part": "write year(x), month(x), …",
    "extract": "write year(x), month(x), …",
    "dayname": "write dayofweek(x) with CASE",
    "position": "write instr(x, 'text')",
    "locate": "write instr(x, 'text')",
    "charindex": "write instr(x, 'text')",
    "regexp": "write x RLIKE 'pattern'",
    "regexp_like": "write x RLIKE 'pattern'",
    "regexp_extract_all": "take one group with regexp_extract(x, 'pattern', 1)",
    "isnull": "write x IS NULL",
    "isnotnull": "write x IS NOT NULL",
    "isnan": "keep NaN out: guard the argument of sqrt and asin with greatest and least",
    "format_number": "keep numbers as numbers; the consumer formats them",
    "format_string": "write concat(…)",
    "printf": "write concat(…)",
    "to_char": "write date_format(x, 'yyyy-MM')",
    "mean": "write avg(cast(x as double))",
    "std": "write stddev_samp(x)",
    "stddev": "write stddev_samp(x)",
    "reverse": "the engines disagree on combined characters; leave it out",
    "len": "write length(x)",
    "ucase": "write upper(x)",
    "lcase": "write lower(x)",
    "decode": "write CASE",
    "grouping": "write one SELECT a level and join them with UNION ALL",
}
"""Functions that people reach for, and the portable way to write them."""

NOT_LISTED = "not shown equal on both engines; write it with functions of the list (allow_list.py)"

CLAUSES = {
    "qualify": "Spark 3.5 has no QUALIFY: rank in a WITH clause and filter outside it",
    "laterals": "no LATERAL VIEW: join with a VALUES list or a table",
    "hint": "leave hints out: they name one engine's plan",
    "sample": "no TABLESAMPLE: the rows would differ on every run",
    "pivots": "write count(CASE WHEN … THEN 1 END) columns instead of PIVOT",
    "catalog": "name a table as layer.table",
    "method": "no NATURAL or ASOF join: write JOIN … ON",
    "by_name": "no UNION BY NAME: list the columns in the same order on both sides",
    "all": "name the columns: GROUP BY a, b",
    "rollup": "write one SELECT a level and join them with UNION ALL",
    "cube": "write one SELECT a level and join them with UNION ALL",
    "grouping_sets": "write one SELECT a level and join them with UNION ALL",
    "recursive": "no recursive WITH: Spark 3.5 has none",
    "except_": "list the columns: Spark has no * EXCEPT, DuckDB no * EXCEPT",
    "on": "no DISTINCT ON: rank with row_number() in a WITH clause",
    "offset": "no OFFSET: filter by row_number()",
    "db": "give the table an alias and write alias.column",
    "materialized": "leave MATERIALIZED out",
    "exclude": "no EXCLUDE in a window frame",
    "cluster": "no CLUSTER BY",
    "sort": "no SORT BY: write ORDER BY",
    "distribute": "no DISTRIBUTE BY",
    "connect": "no CONNECT BY",
    "into": "a model is one SELECT",
    "match": "no MATCH_RECOGNIZE",
    "kind": "no structs: list the columns",
    "ordinality": "no WITH ORDINALITY",
    "when": "no time travel: a model reads the current rows",
    "version": "no time travel: a model reads the current rows",
}
"""Parts of a clause that are refused, by the name the parser gives them."""

NODES = {
    "Concat": "write a quote inside text as \\' and one string a literal: Spark 3.5 glues 'it''s' to its",
    "Interval": "write date_add(d, n), add_months(d, n), or unix_timestamp(a) - unix_timestamp(b) in seconds",
    "RegexpILike": "write lower(x) RLIKE 'pattern'",
    "ILike": "write lower(x) LIKE 'text%'",
    "Any": "write OR between the conditions",
    "All": "write AND between the conditions",
    "Rollup": CLAUSES["rollup"],
    "Cube": CLAUSES["cube"],
    "GroupingSets": CLAUSES["grouping_sets"],
    "Lateral": CLAUSES["laterals"],
    "Unnest": CLAUSES["laterals"],
    "IgnoreNulls": "no IGNORE NULLS: filter the nulls out in a WITH clause first",
    "RespectNulls": "leave RESPECT NULLS out: it is the default",
    "CurrentDate": _NOT_REPEATABLE,
    "CurrentTimestamp": _NOT_REPEATABLE,
    "CurrentDatetime": _NOT_REPEATABLE,
    "Bracket": "no arrays, maps or structs in models: one value a column",
    "Dot": "no structs in models: one value a column",
    "JSONExtract": "no lambdas and no JSON in models: one value a column",
    "Lambda": "no lambdas in models",
    "Placeholder": "no parameters in a model or a rule",
    "Parameter": "no parameters in a model or a rule",
    "Xor": "write a <> b",
    "Collate": "no COLLATE: text is compared by its bytes",
    "Distinct": "DISTINCT stands only after SELECT and in count(DISTINCT x)",
    "Star": "name the columns",
    "IntDiv": "write floor(cast(a as double) / b) or, for integers, (a - a % n) / n",
}
"""Node classes that are refused with advice of their own; every other class not in `constructs` is refused
too.
"""

# DuckDB 2.0's own list (duckdb_keywords, reserved and type_function), Spark's strict-non-reserved and ANSI
# reserved words.
RESERVED = frozenset(
    """
    all analyse analyze and anti any array as asc asof asymmetric at authorization binary both by case
    cast check collate collation column columns concurrently constraint create cross current_date
    current_time current_timestamp current_user default deferrable desc describe distinct do else end
    escape except exists false fetch filter for foreign freeze from full generated glob grant group having
    ilike in initially inner intersect into is isnull join lambda lateral leading left like limit map
    minus natural not notnull null offset on only or order outer overlaps pivot pivot_longer pivot_wider
    placing positional primary qualify references returning right select semi session_user show similar
    some struct summarize symmetric table tablesample then to trailing true try_cast tuple union unique
    unknown unpack unpivot user using values variadic verbose when where window with within
    """.split()  # noqa: SIM905 - one word list is easier to compare with the engines' lists
)
