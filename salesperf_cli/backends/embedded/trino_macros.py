"""DuckDB macros and settings that supply Trino's meaning where DuckDB's own functions differ.

Only the macros that a translation names are created: each costs start-up time. What uses them lives in core/athena.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

SETTINGS = ("SET TimeZone = 'UTC'", "SET ieee_floating_point_ops = true")

# Java's Character.isWhitespace: the blanks that Trino trims (no-break spaces are none).
_BLANKS = "".join(map(chr, [*range(9, 14), *range(28, 33), 0x1680, *range(0x2000, 0x2007), *range(0x2008, 0x200B), 0x2028, 0x2029, 0x205F, 0x3000]))

# A failure is a cast that cannot succeed: unlike error(), it is no obstacle to TRY and to the optimizer.
_FAIL = "trino_fail('{}')"


def _fail(message: str) -> str:
    return _FAIL.format(message.replace("'", "''"))


_ZERO = _fail("DIVISION_BY_ZERO: Division by zero")
_INDEX = _fail("INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1")
_DATE = r"\s*\+?[0-9]{1,4}-[0-9]{1,2}-[0-9]{1,2}"
_TIME = r"( ([01]?[0-9]|2[0-3]):[0-5]?[0-9](:[0-5]?[0-9](\.[0-9]+)?)?)?\s*"
_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"


def _guard(pattern: str, kind: str, kept: str = "x", unread: str = "") -> str:
    """The text when it has the form that Trino reads, else a message that no cast accepts.

    A text of the form `unread` is one that Trino reads and DuckDB does not: it fails even under TRY_CAST.
    """
    honest = f"WHEN regexp_full_match(x, '{unread}') THEN CAST(trino_fail('NOT_SUPPORTED: {kind} written as ' || x) AS VARCHAR) " if unread else ""
    return f"CASE WHEN x IS NULL OR regexp_full_match(x, '{pattern}') THEN {kept} {honest}ELSE 'INVALID_CAST_ARGUMENT: Cannot cast ''' || x || ''' to {kind}' END"


MACROS: dict[str, str] = {
    "trino_fail(message)": "CAST(message AS INTEGER)",
    "trino_integer_divide(a, b)": f"CASE WHEN b = 0 AND a IS NOT NULL THEN {_ZERO} ELSE a // b END",
    "trino_modulo(a, b)": f"CASE WHEN b = 0 AND a IS NOT NULL THEN {_ZERO} ELSE a % b END",
    "trino_rounded_quotient(n, d)": f"CASE WHEN d = 0 AND n IS NOT NULL THEN {_ZERO} ELSE n // d + CASE WHEN abs(n % d) >= abs(d) - abs(n % d) "
    "THEN CASE WHEN (n < 0) = (d < 0) THEN 1 ELSE -1 END ELSE 0 END END",
    "trino_unless_nan(a, b, verdict, otherwise)": "CASE WHEN isnan(a) OR isnan(b) THEN CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE otherwise END ELSE verdict END",
    "trino_null_if_nan(x)": "CASE WHEN NOT isnan(x) THEN x END",
    # text of other types
    "trino_double_to_text(s)": "CASE s WHEN 'nan' THEN 'NaN' WHEN 'inf' THEN 'Infinity' WHEN '-inf' THEN '-Infinity' WHEN '0.0' THEN '0E0' WHEN '-0.0' THEN '-0E0' "
    "ELSE trino_scientific(CASE WHEN s[1] = '-' THEN '-' ELSE '' END, split_part(ltrim(split_part(s, 'e', 1), '-'), '.', 1), "
    "split_part(split_part(s, 'e', 1), '.', 2), coalesce(TRY_CAST(split_part(s, 'e', 2) AS INTEGER), 0)) END",
    "trino_scientific(sign, whole, fraction, exponent)": "sign || ltrim(whole || fraction, '0')[1] || '.' || "
    "coalesce(nullif(rtrim(ltrim(whole || fraction, '0')[2:], '0'), ''), '0') || 'E' || "
    "(length(whole) - 1 - (length(whole || fraction) - length(ltrim(whole || fraction, '0'))) + exponent)",
    "trino_interval_day_text(x)": "printf('%s%d %02d:%02d:%02d.%03d', CASE WHEN x < 0 THEN '-' ELSE '' END, abs(x) // 86400000, abs(x) // 3600000 % 24, "
    "abs(x) // 60000 % 60, abs(x) // 1000 % 60, abs(x) % 1000)",
    "trino_interval_month_text(x)": "printf('%s%d-%d', CASE WHEN x < 0 THEN '-' ELSE '' END, abs(x) // 12, abs(x) % 12)",
    "trino_fit_text(s, n)": "CASE WHEN length(s) > n THEN CAST(trino_fail('INVALID_CAST_ARGUMENT: Value ' || s || ' cannot be represented as varchar(' || n || ')') AS VARCHAR) ELSE s END",
    # casts of text
    "trino_integer_text(x)": _guard("[+-]?[0-9]+", "an integer", unread=r"[+-]?\pN+"),
    "trino_decimal_text(x)": _guard(_NUMBER, "a decimal"),
    "trino_double_text(x)": _guard(rf"\s*({_NUMBER}|NaN|[+-]?Infinity)\s*", "a double", unread=rf"\s*({_NUMBER}[dDfF]|[+-]?0[xX].*[pP].*)\s*"),
    "trino_boolean_text(x)": _guard("(?i)t|true|1|f|false|0", "a boolean"),
    "trino_date_text(x)": _guard(rf"{_DATE}\s*", "a date", "ltrim(trim(x), '+')", unread=r"\s*[+-]?[0-9]{5,}-[0-9]{1,2}-[0-9]{1,2}\s*"),
    "trino_timestamp_text(x)": _guard(rf"{_DATE}{_TIME}", "a timestamp", "ltrim(trim(x), '+')", unread=rf"{_DATE} [0-9:.]+ ?[-+A-Za-z].*|\s*[+-]?[0-9]{{5,}}-.*"),
    "trino_iso_timestamp(x)": _guard(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,3})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?", "an ISO timestamp"),
    "trino_iso_date(x)": _guard("[0-9]{4}-[0-9]{2}-[0-9]{2}", "an ISO date"),
    # text
    "trino_substr(s, i)": "CASE WHEN i > 0 OR (i < 0 AND i >= -length(s)) THEN substring(s, i) WHEN s IS NULL OR i IS NULL THEN NULL ELSE '' END",
    "trino_substr_length(s, i, n)": "CASE WHEN n > 0 AND (i > 0 OR (i < 0 AND i >= -length(s))) THEN substring(s, i, n) WHEN s IS NULL OR i IS NULL OR n IS NULL THEN NULL ELSE '' END",
    "trino_not_empty(s)": f"CASE WHEN s = '' THEN CAST({_fail('INVALID_FUNCTION_ARGUMENT: The text to search, split or pad with must not be empty')} AS VARCHAR) ELSE s END",
    "trino_split_limit(s, d, n)": f"trino_limited_parts(string_split(s, d), d, CASE WHEN n < 1 THEN {_fail('INVALID_FUNCTION_ARGUMENT: Limit must be positive')} ELSE n END)",
    "trino_limited_parts(l, d, n)": "CASE WHEN len(l) <= n THEN l ELSE list_append(l[1 : n - 1], array_to_string(l[n : len(l)], d)) END",
    "trino_split_part(s, d, i)": f"list_extract(string_split(s, trino_not_empty(d)), CASE WHEN i <= 0 THEN {_fail('INVALID_FUNCTION_ARGUMENT: Index must be greater than zero')} ELSE i END)",
    "trino_reverse(s)": "array_to_string(list_reverse(regexp_extract_all(s, '(?s).')), '')",
    "trino_blanks()": "'" + _BLANKS + "'",
    "trino_upper(s)": "CASE WHEN contains(s, 'ß') THEN array_to_string(list_transform(string_split(s, 'ß'), lambda part: upper(part)), 'ß') ELSE upper(s) END",
    "trino_lower(s)": "lower(s)",
    "trino_codepoint(s)": f"CASE WHEN length(s) <> 1 THEN {_fail('INVALID_FUNCTION_ARGUMENT: Input string must be a single character string')} ELSE ord(s) END",
    "trino_pad_length(n)": f"CASE WHEN n < 0 OR n > 2147483647 THEN {_fail('INVALID_FUNCTION_ARGUMENT: Target length must be in the range [0..2147483647]')} ELSE CAST(n AS INTEGER) END",
    "trino_ascii_distance(a, b)": "CASE WHEN strlen(a) <> length(a) OR strlen(b) <> length(b) THEN "
    f"{_fail('NOT_SUPPORTED: levenshtein_distance of text other than ASCII')} ELSE levenshtein(a, b) END",
    "trino_grouped(s)": "(CASE WHEN s[1] = '-' THEN '-' ELSE '' END || reverse(rtrim(regexp_replace(reverse(ltrim(split_part(s, '.', 1), '-')), '([0-9]{3})', '\\1,', 'g'), ',')) "
    "|| CASE WHEN contains(s, '.') THEN '.' || split_part(s, '.', 2) ELSE '' END)",
    "trino_fixed(rounded, negative)": "(CASE WHEN negative AND rounded = 0 THEN '-' ELSE '' END || CAST(rounded AS VARCHAR))",
    "trino_zero_padded(s, n)": "CASE WHEN length(s) >= n THEN s WHEN s[1] = '-' THEN '-' || lpad(s[2:], n - 1, '0') ELSE lpad(s, n, '0') END",
    "trino_padded_left(s, n)": "CASE WHEN length(s) >= n THEN s ELSE lpad(s, n, ' ') END",
    "trino_padded_right(s, n)": "CASE WHEN length(s) >= n THEN s ELSE rpad(s, n, ' ') END",
    "trino_regexp_extract(s, p, g)": "CASE WHEN regexp_matches(s, p) THEN regexp_extract(s, p, g) END",
    # numbers
    "trino_round(x, n)": "CASE WHEN isfinite(x) THEN round(x, CAST(n AS INTEGER)) ELSE x END",
    "trino_width_bucket(x, low, high, n)": f"CASE WHEN n <= 0 THEN {_fail('INVALID_FUNCTION_ARGUMENT: bucketCount must be greater than 0')} "
    f"WHEN low = high THEN {_fail('INVALID_FUNCTION_ARGUMENT: bounds cannot equal each other')} "
    "WHEN low < high THEN CASE WHEN x < low THEN 0 WHEN x >= high THEN n + 1 ELSE CAST(floor(n * (x - low) / (high - low)) AS BIGINT) + 1 END "
    "ELSE CASE WHEN x > low THEN 0 WHEN x <= high THEN n + 1 ELSE CAST(floor(n * (low - x) / (low - high)) AS BIGINT) + 1 END END",
    "trino_skewness(l, n, mean)": "CASE WHEN n >= 3 THEN sqrt(n) * list_sum(list_transform(l, lambda x: pow(x - mean, 3))) / pow(list_sum(list_transform(l, lambda x: pow(x - mean, 2))), 1.5) END",
    "trino_kurtosis(l, n, mean)": "CASE WHEN n >= 4 THEN CAST(n AS DOUBLE) * (n + 1) / ((n - 1) * (n - 2) * (n - 3)) * list_sum(list_transform(l, lambda x: pow(x - mean, 4))) "
    "/ pow(list_sum(list_transform(l, lambda x: pow(x - mean, 2))) / (n - 1), 2) - 3.0::DOUBLE * pow(n - 1, 2) / ((n - 2) * (n - 3)) END",
    # dates and times
    "trino_round_timestamp(t, unit)": "trino_floor_timestamp(epoch_us(t) + unit // 2, unit)",
    "trino_floor_timestamp(x, unit)": "make_timestamp(x - (x % unit + unit) % unit)",
    "trino_whole_days(x)": f"CASE WHEN x % 86400000 <> 0 THEN {_fail('INVALID_FUNCTION_ARGUMENT: Cannot add hour, minutes or seconds to a date')} ELSE x // 86400000 END",
    "trino_parse(s, format, guard)": "strptime(CASE WHEN s IS NULL OR regexp_full_match(s, guard) THEN s ELSE 'INVALID_FUNCTION_ARGUMENT: Invalid format: ' || s END, format)",
    # arrays and maps
    "trino_subscript(l, i)": f"list_extract(l, CASE WHEN l IS NULL THEN NULL WHEN i < 1 THEN {_INDEX} WHEN i > len(l) THEN "
    "trino_fail('INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: ' || i || ' > ' || len(l)) ELSE i END)",
    "trino_map_subscript(m, k)": "list_extract([m[k]], CASE WHEN m IS NULL OR k IS NULL OR map_contains(m, k) THEN 1 ELSE trino_fail('INVALID_FUNCTION_ARGUMENT: Key not present in map: ' || k) END)",
    "trino_element_at(l, i)": f"list_extract(l, CASE WHEN i = 0 THEN {_INDEX} ELSE i END)",
    "trino_contains(l, x)": "CASE WHEN l IS NULL OR x IS NULL THEN NULL WHEN list_contains(l, x) THEN TRUE WHEN len(l) <> list_count(l) THEN NULL ELSE FALSE END",
    "trino_array_position(l, x)": "CASE WHEN l IS NOT NULL AND x IS NOT NULL THEN CAST(coalesce(list_position(l, x), 0) AS BIGINT) END",
    "trino_array_remove(l, x)": "CASE WHEN x IS NOT NULL THEN list_filter(l, lambda e: e IS DISTINCT FROM x) END",
    "trino_array_join(l, d)": "array_to_string(l, d)",
    "trino_array_distinct(l)": "list_filter(l, lambda e, i: CASE WHEN e IS NULL THEN list_count(l[1 : i - 1]) = i - 1 ELSE list_position(l, e) = i END)",
    "trino_array_max(l)": "CASE WHEN list_count(l) = len(l) THEN list_max(l) END",
    "trino_array_min(l)": "CASE WHEN list_count(l) = len(l) THEN list_min(l) END",
    "trino_array_union(a, b)": "CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN trino_array_distinct(list_concat(a, b)) END",
    "trino_has(l, e)": "CASE WHEN e IS NULL THEN len(l) <> list_count(l) ELSE list_contains(l, e) END",
    "trino_array_intersect(a, b)": "CASE WHEN b IS NOT NULL THEN list_filter(trino_array_distinct(a), lambda common: trino_has(b, common)) END",
    "trino_array_except(a, b)": "CASE WHEN b IS NOT NULL THEN list_filter(trino_array_distinct(a), lambda own: NOT trino_has(b, own)) END",
    "trino_arrays_overlap(a, b)": "CASE WHEN a IS NULL OR b IS NULL THEN NULL WHEN len(a) = 0 OR len(b) = 0 THEN FALSE WHEN len(list_filter(a, lambda e: coalesce(list_contains(b, e), FALSE))) > 0 THEN TRUE "
    "WHEN len(a) <> list_count(a) OR len(b) <> list_count(b) THEN NULL ELSE FALSE END",
    "trino_repeat(x, n)": "list_transform(range(n), lambda i: x)",
    "trino_slice(l, s, n)": f"trino_sliced(l, CASE WHEN s = 0 THEN {_INDEX} WHEN s > 0 THEN s WHEN -s > len(l) THEN len(l) + 1 ELSE len(l) + s + 1 END, "
    f"CASE WHEN n < 0 THEN {_fail('INVALID_FUNCTION_ARGUMENT: length must be greater than or equal to 0')} ELSE n END)",
    "trino_sliced(l, first, n)": "list_slice(l, first, first + n - 1)",
    "trino_step(a, b, step)": f"CASE WHEN step = 0 THEN {_fail('INVALID_FUNCTION_ARGUMENT: step must not be zero')} WHEN (b > a AND step < 0) OR (b < a AND step > 0) THEN "
    f"{_fail('INVALID_FUNCTION_ARGUMENT: sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop should be less than or equal to start')} ELSE step END",
    "trino_short(l)": f"CASE WHEN len(l) > 10000 THEN list_slice(l, 1, {_fail('INVALID_FUNCTION_ARGUMENT: result of sequence function must not have more than 10000 entries')}) ELSE l END",
    "trino_sequence(a, b, step)": "trino_short(generate_series(a, b, trino_step(a, b, step)))",
    "trino_time_sequence(a, b, step)": "trino_short(generate_series(a, b, to_milliseconds(trino_step(a, b, step))))",
    "trino_month_sequence(a, b, step)": "trino_short(list_transform(range(0, 1 + date_sub('month', a, b) // trino_step(a, b, step)), lambda k: a + to_months(CAST(k * step AS INTEGER))))",
    "trino_any_match(v)": "CASE WHEN v IS NULL THEN NULL WHEN list_contains(v, TRUE) THEN TRUE WHEN len(v) <> list_count(v) THEN NULL ELSE FALSE END",
    "trino_all_match(v)": "CASE WHEN v IS NULL THEN NULL WHEN list_contains(v, FALSE) THEN FALSE WHEN len(v) <> list_count(v) THEN NULL ELSE TRUE END",
    "trino_none_match(v)": "(NOT trino_any_match(v))",
    "trino_map(keys, items)": "map(keys, items)",
    "trino_first_entries(l)": "map_from_entries(list_filter(l, lambda e, i: list_position(list_transform(l, lambda other: other.k), e.k) = i))",
    # json
    "trino_json_text(x)": "CASE WHEN json_valid(x) THEN x END",
    "trino_json_scalar(x, p)": "CASE WHEN json_valid(x) THEN CASE json_type(trino_json_text(x), p) WHEN 'OBJECT' THEN NULL WHEN 'ARRAY' THEN NULL WHEN 'NULL' THEN NULL "
    "WHEN 'DOUBLE' THEN trino_exact_number(x, json_extract_string(trino_json_text(x), p)) ELSE json_extract_string(trino_json_text(x), p) END END",
    "trino_exact_number(x, t)": f"CASE WHEN regexp_matches(x, '(^|[^0-9.eE+-])' || regexp_escape(t) || '($|[^0-9.eE+-])') THEN t ELSE CAST({_fail('NOT_SUPPORTED: a JSON number not in its shortest form')} AS VARCHAR) END",
    "trino_json_extract(x, p)": "CASE WHEN json_valid(x) THEN trino_exact_numbers(x, CAST(json_extract(trino_json_text(x), p) AS VARCHAR)) END",
    "trino_exact_numbers(x, r)": "CASE WHEN len(list_filter(regexp_extract_all(r, '[0-9]+[.eE][0-9.eE+-]*'), lambda t: NOT regexp_matches(x, '(^|[^0-9.eE+-])' || regexp_escape(t) || '($|[^0-9.eE+-])'))) > 0 "
    f"THEN CAST({_fail('NOT_SUPPORTED: a JSON number not in its shortest form')} AS VARCHAR) ELSE r END",
    "trino_json_parse(x)": "CASE WHEN x IS NULL OR json_valid(x) THEN x ELSE CAST(trino_fail('INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON: ' || x) AS VARCHAR) END",
    "trino_json_array_length(x)": "CASE WHEN json_valid(x) THEN CASE WHEN json_type(trino_json_text(x)) = 'ARRAY' THEN CAST(json_array_length(trino_json_text(x)) AS BIGINT) END END",
    "trino_json_size(x, p)": "CASE WHEN json_valid(x) THEN CASE json_type(trino_json_text(x), p) WHEN 'ARRAY' THEN CAST(json_array_length(trino_json_text(x), p) AS BIGINT) WHEN 'OBJECT' THEN CAST(len(json_keys(trino_json_text(x), p)) AS BIGINT) "
    "ELSE CASE WHEN json_type(trino_json_text(x), p) IS NOT NULL THEN CAST(0 AS BIGINT) END END END",
    "trino_json_array(x, allowed)": "CASE WHEN len(list_filter(json_type(x, '$[*]'), lambda t: NOT list_contains(allowed, t))) > 0 "
    f"THEN CAST({_fail('INVALID_CAST_ARGUMENT: Cannot cast the elements of the JSON array')} AS VARCHAR) ELSE x END",
}  # fmt: skip

_SIGNATURES = {signature.split("(")[0]: signature for signature in MACROS}


def definitions(names: Iterable[str]) -> list[str]:
    """The CREATE statements of the macros named and of those that they use, in the order to run them."""
    ordered: dict[str, None] = {}
    for name in names:
        _add(name, ordered)
    return [f"CREATE TEMP MACRO {_SIGNATURES[name]} AS {MACROS[_SIGNATURES[name]]}" for name in ordered]


def _add(name: str, ordered: dict[str, None]) -> None:
    if name in ordered:
        return
    for used in re.findall(r"\btrino_\w+", MACROS[_SIGNATURES[name]]):
        if used != name:
            _add(used, ordered)
    ordered[name] = None


def plain_error(message: str) -> str:
    """What Trino would have said, taken out of DuckDB's message; other messages stay as they are."""
    found = re.search(r"\b([A-Z]+(?:_[A-Z]+)+: .*?)['\"]? (?:to (?:INT32|[A-Z]+\b)|according to|when casting|is out of range|into type)", message, re.S)
    return found[1] if found else message
