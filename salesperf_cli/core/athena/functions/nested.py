"""Arrays, maps and lambdas; positions count from 1."""

from __future__ import annotations

from collections.abc import Callable

from salesperf_cli.core.athena.calls import Call
from salesperf_cli.core.athena.casts import coerce, explicit, unify
from salesperf_cli.core.athena.context import Typed, mismatch, refuse, unsupported
from salesperf_cli.core.athena.operators import DAY
from salesperf_cli.core.athena.registry import Function
from salesperf_cli.core.athena.trino_types import (
    BIGINT,
    BOOLEAN,
    DATE,
    INTERVAL_DAY,
    INTERVAL_MONTH,
    UNKNOWN,
    VARCHAR,
    Type,
    array,
    common,
    duckdb_type,
    map_of,
    row,
)


def _list(call: Call, index: int = 0) -> Typed:
    value = call.value(index)
    if value.type.name != "array":
        mismatch(f"argument {index + 1} of {call.name} must be an array, not {value.type}", call.node)
    return value


def _map(call: Call, index: int = 0) -> Typed:
    value = call.value(index)
    if value.type.name != "map":
        mismatch(f"argument {index + 1} of {call.name} must be a map, not {value.type}", call.node)
    return value


def _flat(call: Call, kind: Type) -> None:
    """Refuse where comparing elements needs Trino's rules for NULL or NaN inside them."""
    if kind.items or kind.is_floating:
        unsupported(
            f"{call.name} of {array(kind)}",
            call.node,
            "DuckDB compares such elements otherwise.",
            "Use filter or UNNEST.",
        )


def _cardinality(call: Call) -> Typed:
    call.count(1)
    value = call.value(0)
    if value.type.name not in ("array", "map", "unknown"):
        mismatch(f"cardinality takes an array or a map, not {value.type}", call.node, "For text use length.")
    return Typed(f"CAST({'cardinality' if value.type.name == 'map' else 'len'}({value.sql}) AS BIGINT)", BIGINT)


def _element_at(call: Call) -> Typed:
    call.count(2)
    value = call.value(0)
    if value.type.name == "map":
        return Typed(f"({value.sql})[{call.value(1, value.type.items[0]).sql}]", value.type.items[1])
    return Typed(call.ctx.macro("trino_element_at", _list(call).sql, call.value(1, BIGINT).sql), value.type.items[0])


def _with_element(macro: str, result: Type | None) -> Callable[[Call], Typed]:
    """A function of a list and one element."""

    def make(call: Call) -> Typed:
        call.count(2)
        value, element = _list(call), call.value(1)
        kind = common(value.type.items[0], element.type)
        if kind is None:
            mismatch(f"{call.name}: {value.type} holds no {element.type}", call.node)
        _flat(call, kind)
        sql = call.ctx.macro(macro, coerce(call.ctx, value, array(kind)).sql, coerce(call.ctx, element, kind).sql)
        return Typed(sql, result or array(kind))

    return make


def _two_lists(macro: str, result: Type | None = None) -> Callable[[Call], Typed]:
    def make(call: Call) -> Typed:
        call.count(2)
        (one, other), kind = unify(call.ctx, [_list(call), _list(call, 1)], call.name, call.node)
        _flat(call, kind.items[0])
        return Typed(call.ctx.macro(macro, one.sql, other.sql), result or kind)

    return make


def _join(call: Call) -> Typed:
    given = call.count(2, 3)
    value = _list(call)
    item = value.type.items[0]
    if item.items or item.name == "timestamptz":
        unsupported(f"array_join of {value.type}", call.node)
    texts = explicit(call.ctx, value, array(VARCHAR), node=call.node).sql
    if given == 3:
        variable = call.ctx.alias("item")
        texts = f"list_transform({texts}, lambda {variable}: coalesce({variable}, {call.value(2, VARCHAR).sql}))"
    return Typed(call.ctx.macro("trino_array_join", texts, call.value(1, VARCHAR).sql), VARCHAR)


def _sort(call: Call) -> Typed:
    if call.count(1, 2) == 2:
        unsupported(
            "array_sort with a comparison",
            call.node,
            "DuckDB sorts by value only.",
            "Use UNNEST and array_agg(… ORDER BY …).",
        )
    value = _list(call)
    _flat(call, value.type.items[0]) if value.type.items[0].items else None
    return Typed(f"list_sort({value.sql}, 'ASC', 'NULLS LAST')", value.type)


def _one_list(macro: str, element: bool = False) -> Callable[[Call], Typed]:
    def make(call: Call) -> Typed:
        call.count(1)
        value = _list(call)
        _flat(call, value.type.items[0])
        return Typed(call.ctx.macro(macro, value.sql), value.type.items[0] if element else value.type)

    return make


def _flatten(call: Call) -> Typed:
    call.count(1)
    value = _list(call)
    if value.type.items[0].name != "array":
        mismatch(f"flatten takes an array of arrays, not {value.type}", call.node)
    return Typed(f"flatten({value.sql})", value.type.items[0])


def _repeat(call: Call) -> Typed:
    call.count(2)
    value = call.value(0)
    return Typed(call.ctx.macro("trino_repeat", value.sql, call.value(1, BIGINT).sql), array(value.type))


def _slice(call: Call) -> Typed:
    call.count(3)
    value = _list(call)
    return Typed(
        call.ctx.macro("trino_slice", value.sql, call.value(1, BIGINT).sql, call.value(2, BIGINT).sql), value.type
    )


def _sequence(call: Call) -> Typed:
    given = call.count(2, 3)
    (first, last), kind = unify(call.ctx, [call.value(0), call.value(1)], "sequence", call.node)
    if kind.is_integer:
        step = call.value(2, BIGINT).sql if given == 3 else f"CASE WHEN {first.sql} <= {last.sql} THEN 1 ELSE -1 END"
        bounds = [f"CAST({value.sql} AS BIGINT)" for value in (first, last)]
        return Typed(call.ctx.macro("trino_sequence", *bounds, step), array(BIGINT))
    if kind.name not in ("date", "timestamp") or (given == 2 and kind != DATE):
        mismatch("sequence takes integers, or dates and timestamps with an interval", call.node)
    interval = call.value(2) if given == 3 else Typed(str(DAY), INTERVAL_DAY, value=DAY)
    if (
        not isinstance(interval.value, int)
        or interval.value == 0
        or interval.type not in (INTERVAL_DAY, INTERVAL_MONTH)
    ):
        refuse(
            "the step of sequence must be an interval literal that is not 0",
            "It is compiled.",
            "Write INTERVAL '1' DAY.",
            call.node,
        )
    if kind == DATE and interval.type == INTERVAL_DAY and interval.value % DAY:
        refuse("the step of a sequence of dates must be whole days", "Athena refuses it.", "Use timestamps.", call.node)
    month = interval.type == INTERVAL_MONTH
    macro = "trino_month_sequence" if month else "trino_time_sequence"
    bounds = [f"CAST({value.sql} AS TIMESTAMP)" for value in (first, last)]
    moments = call.ctx.macro(macro, *bounds, str(interval.value))
    return Typed(f"CAST({moments} AS {duckdb_type(kind)}[])", array(kind))


def _transform(call: Call) -> Typed:
    call.count(2)
    value = _list(call)
    written, kind = call.mapped(1, value.type.items[0])
    return Typed(f"list_transform({value.sql}, {written})", array(kind))


def _test(call: Call, *kinds: Type) -> str:
    written, kind = call.mapped(1, *kinds)
    if kind not in (BOOLEAN, UNKNOWN):
        mismatch(f"the lambda of {call.name} must give a boolean, not {kind}", call.node)
    return written


def _filter(call: Call) -> Typed:
    call.count(2)
    value = _list(call)
    return Typed(f"list_filter({value.sql}, {_test(call, value.type.items[0])})", value.type)


def _match(call: Call) -> Typed:
    call.count(2)
    value = _list(call)
    verdicts = f"list_transform({value.sql}, {_test(call, value.type.items[0])})"
    return Typed(call.ctx.macro(f"trino_{call.name}", verdicts), BOOLEAN)


def _reduce(call: Call) -> Typed:
    call.count(4)
    value, initial = _list(call), call.value(1)
    variables, body = call.function(2, initial.type, value.type.items[0])
    if body.type != initial.type:
        body = coerce(call.ctx, body, initial.type, "the result of reduce's lambda", call.node)
    if duckdb_type(initial.type) != duckdb_type(value.type.items[0]) and initial.type.items:
        unsupported(f"reduce of {value.type} into {initial.type}", call.node, remedy="Use UNNEST and an aggregate.")
    items = value.sql
    if initial.type != value.type.items[0]:
        # DuckDB's list_reduce keeps one type: the elements travel wrapped beside the state.
        return _reduce_wrapped(call, value, initial, variables, body)
    reduced = f"list_reduce({items}, lambda {', '.join(variables)}: {body.sql}, {initial.sql})"
    return _finished(call, Typed(reduced, initial.type))


def _reduce_wrapped(call: Call, value: Typed, initial: Typed, variables: list[str], body: Typed) -> Typed:
    state, item = variables
    kinds = (duckdb_type(initial.type), duckdb_type(value.type.items[0]))
    wrapped = call.ctx.alias("x")
    elements = (
        f"list_transform({value.sql}, lambda {wrapped}: struct_pack(s := CAST(NULL AS {kinds[0]}), x := {wrapped}))"
    )
    inner = body.sql.replace(state, f"{state}.s").replace(item, f"{item}.x")
    start = f"struct_pack(s := {initial.sql}, x := CAST(NULL AS {kinds[1]}))"
    step = f"lambda {state}, {item}: struct_pack(s := {inner}, x := CAST(NULL AS {kinds[1]}))"
    reduced = f"list_reduce({elements}, {step}, {start})"
    return _finished(call, Typed(f"struct_extract({reduced}, 's')", initial.type))


def _finished(call: Call, reduced: Typed) -> Typed:
    """The last lambda of reduce, applied to the final state."""
    variables, body = call.function(3, reduced.type)
    if body.sql == variables[0]:
        return reduced
    return Typed(f"list_transform([{reduced.sql}], lambda {variables[0]}: {body.sql})[1]", body.type)


def _zip(call: Call) -> Typed:
    call.count(2, 5)
    lists = [_list(call, i) for i in range(len(call.arguments))]
    variable = call.ctx.alias("z")
    zipped = f"list_zip({', '.join(value.sql for value in lists)})"
    packed = ", ".join(f"f{i} := {variable}[{i + 1}]" for i in range(len(lists)))
    kinds = tuple(value.type.items[0] for value in lists)
    return Typed(
        f"list_transform({zipped}, lambda {variable}: struct_pack({packed}))", array(row(("",) * len(lists), kinds))
    )


def _zip_with(call: Call) -> Typed:
    call.count(3)
    one, other = _list(call), _list(call, 1)
    (a, b), body = call.function(2, one.type.items[0], other.type.items[0])
    pair = call.ctx.alias("z")
    inner = body.sql.replace(a, f"{pair}[1]").replace(b, f"{pair}[2]")
    return Typed(f"list_transform(list_zip({one.sql}, {other.sql}), lambda {pair}: {inner})", array(body.type))


def _map_from_entries(call: Call) -> Typed:
    call.count(1)
    value = _list(call)
    if value.type.items[0].name != "row" or len(value.type.items[0].items) != 2:
        mismatch(f"map_from_entries takes an array of rows of two, not {value.type}", call.node)
    return Typed(f"map_from_entries({value.sql})", map_of(*value.type.items[0].items))


def _make_map(call: Call) -> Typed:
    if call.count(0, 2) == 0:
        return Typed("map([]::INTEGER[], []::INTEGER[])", map_of(UNKNOWN, UNKNOWN))
    keys, values = _list(call), _list(call, 1)
    _flat(call, keys.type.items[0])
    return Typed(call.ctx.macro("trino_map", keys.sql, values.sql), map_of(keys.type.items[0], values.type.items[0]))


def _map_part(function: str, index: int) -> Callable[[Call], Typed]:
    def make(call: Call) -> Typed:
        call.count(1)
        value = _map(call)
        return Typed(f"{function}({value.sql})", array(value.type.items[index]))

    return make


def _map_entries(call: Call) -> Typed:
    call.count(1)
    value = _map(call)
    variable = call.ctx.alias("e")
    packed = f"struct_pack(f0 := {variable}.key, f1 := {variable}.value)"
    entries = f"list_transform(map_entries({value.sql}), lambda {variable}: {packed})"
    return Typed(entries, array(row(("", ""), value.type.items)))


def _map_concat(call: Call) -> Typed:
    call.count(2, 10)
    typed, kind = unify(call.ctx, [_map(call, i) for i in range(len(call.arguments))], "map_concat", call.node)
    anyone = " OR ".join(f"{value.sql} IS NULL" for value in typed)
    return Typed(f"CASE WHEN {anyone} THEN NULL ELSE map_concat({', '.join(value.sql for value in typed)}) END", kind)


def _map_filter(call: Call) -> Typed:
    call.count(2)
    value = _map(call)
    (key, item), body = call.function(1, *value.type.items)
    entry = call.ctx.alias("e")
    inner = body.sql.replace(key, f"{entry}.key").replace(item, f"{entry}.value")
    return Typed(f"map_from_entries(list_filter(map_entries({value.sql}), lambda {entry}: {inner}))", value.type)


def _transform_values(call: Call) -> Typed:
    call.count(2)
    value = _map(call)
    (key, item), body = call.function(1, *value.type.items)
    entry = call.ctx.alias("e")
    inner = body.sql.replace(key, f"{entry}.key").replace(item, f"{entry}.value")
    changed = f"list_transform(map_entries({value.sql}), lambda {entry}: struct_pack(k := {entry}.key, v := {inner}))"
    return Typed(f"map_from_entries({changed})", map_of(value.type.items[0], body.type))


NULLS = "NULL when nothing is found but a NULL is there"
FUNCTIONS = (
    Function("cardinality", _cardinality),
    Function("element_at", _element_at, "NULL beyond the end or without the key; index 0 raises"),
    Function("contains", _with_element("trino_contains", BOOLEAN), NULLS),
    Function("array_position", _with_element("trino_array_position", BIGINT), "0 when absent"),
    Function("array_remove", _with_element("trino_array_remove", None)),
    Function("array_join", _join, "NULLs are skipped, or replaced"),
    Function("array_distinct", _one_list("trino_array_distinct"), "order of first appearance, NULL kept once"),
    Function("array_sort", _sort, "NULLs last; no comparison lambda"),
    Function("array_max", _one_list("trino_array_max", True), "NULL when any is NULL"),
    Function("array_min", _one_list("trino_array_min", True), "NULL when any is NULL"),
    Function("array_union", _two_lists("trino_array_union")),
    Function("array_intersect", _two_lists("trino_array_intersect")),
    Function("array_except", _two_lists("trino_array_except")),
    Function("arrays_overlap", _two_lists("trino_arrays_overlap", BOOLEAN), NULLS),
    Function("flatten", _flatten),
    Function("repeat", _repeat),
    Function("slice", _slice, "negative start counts from the end; 0 raises"),
    Function("sequence", _sequence, "integers; dates and timestamps with an interval literal"),
    Function("transform", _transform),
    Function("filter", _filter),
    Function("any_match", _match),
    Function("all_match", _match),
    Function("none_match", _match),
    Function("reduce", _reduce),
    Function("zip", _zip, "padded with NULL"),
    Function("map", _make_map, "a repeated key raises"),
    Function("map_keys", _map_part("map_keys", 0)),
    Function("map_values", _map_part("map_values", 1)),
    Function("map_entries", _map_entries),
    Function("map_from_entries", _map_from_entries, "a repeated key raises"),
    Function("zip_with", _zip_with, "padded with NULL"),
    Function("map_concat", _map_concat, "the last map wins"),
    Function("map_filter", _map_filter),
    Function("transform_values", _transform_values),
)
