-- Macros that give Trino's meaning where DuckDB's own functions differ; core/athena names those that a query needs.
-- A failure is a cast that cannot succeed: unlike error(), it is no obstacle to TRY and to the optimizer. Its text,
-- CODE: message, is Trino's. Each statement ends by a semicolon at the end of a line.

CREATE TEMP MACRO trino_fail(message) AS
    CAST(message AS INTEGER);
-- nullif keeps the parts from raising by themselves: the optimizer may compute a part that stands twice ahead of its CASE.
CREATE TEMP MACRO trino_rounded_quotient(n, d) AS
    CASE
        WHEN d = 0 AND n IS NOT NULL THEN trino_fail('DIVISION_BY_ZERO: Division by zero')
        ELSE n // nullif(d, 0) + CASE
            WHEN abs(n % nullif(d, 0)) >= abs(d) - abs(n % nullif(d, 0))
            THEN CASE WHEN (n < 0) = (d < 0) THEN 1 ELSE -1 END
            ELSE 0
        END
    END;
CREATE TEMP MACRO trino_unless_nan(a, b, verdict, otherwise) AS
    CASE
        WHEN isnan(a) OR isnan(b) THEN CASE WHEN a IS NULL OR b IS NULL THEN NULL ELSE otherwise END
        ELSE verdict
    END;
CREATE TEMP MACRO trino_null_if_nan(x) AS
    CASE WHEN NOT isnan(x) THEN x END;

-- text of other types
CREATE TEMP MACRO trino_double_to_text(s) AS
    CASE s
        WHEN 'nan' THEN 'NaN'
        WHEN 'inf' THEN 'Infinity'
        WHEN '-inf' THEN '-Infinity'
        WHEN '0.0' THEN '0E0'
        WHEN '-0.0' THEN '-0E0'
        ELSE trino_scientific(CASE WHEN s[1] = '-' THEN '-' ELSE '' END, split_part(ltrim(split_part(s, 'e',
             1), '-'), '.', 1), split_part(split_part(s, 'e', 1), '.', 2), coalesce(TRY_CAST(split_part(s, 'e',
             2) AS INTEGER), 0))
    END;
CREATE TEMP MACRO trino_scientific(sign, whole, fraction, exponent) AS
    sign || ltrim(whole || fraction, '0')[1] || '.' || coalesce(nullif(rtrim(ltrim(whole || fraction, '0')[2:],
    '0'), ''), '0') || 'E' || (length(whole) - 1 - (length(whole || fraction) - length(ltrim(whole || fraction,
    '0'))) + exponent);
CREATE TEMP MACRO trino_interval_day_text(x) AS
    printf('%s%d %02d:%02d:%02d.%03d', CASE WHEN x < 0 THEN '-' ELSE '' END, abs(x) // 86400000, abs(x) //
    3600000 % 24, abs(x) // 60000 % 60, abs(x) // 1000 % 60, abs(x) % 1000);
CREATE TEMP MACRO trino_interval_month_text(x) AS
    printf('%s%d-%d', CASE WHEN x < 0 THEN '-' ELSE '' END, abs(x) // 12, abs(x) % 12);
CREATE TEMP MACRO trino_fit_text(s, n) AS
    CASE
        WHEN length(s) > n
        THEN CAST(trino_fail('INVALID_CAST_ARGUMENT: Value ' || s || ' cannot be represented as varchar(' || n
             || ')') AS VARCHAR)
        ELSE s
    END;

-- casts of text
CREATE TEMP MACRO trino_integer_text(x) AS
    CASE
        WHEN x IS NULL OR regexp_full_match(x, '[+-]?[0-9]+') THEN x
        WHEN regexp_full_match(x, '[+-]?\pN+')
        THEN CAST(trino_fail('NOT_SUPPORTED: an integer written as ' || x) AS VARCHAR)
        ELSE 'INVALID_CAST_ARGUMENT: Cannot cast ''' || x || ''' to an integer'
    END;
CREATE TEMP MACRO trino_decimal_text(x, high) AS
    CASE
        WHEN x IS NULL OR regexp_full_match(x, '[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?')
        THEN CASE
                 WHEN NOT regexp_matches(x, '[eE]') THEN x
                 WHEN length(split_part(lower(x), 'e', 1)) <= 16
                 THEN trino_decimal_of_double(TRY_CAST(x AS DOUBLE), high)
                 ELSE CAST(trino_fail('NOT_SUPPORTED: a decimal written as ' || x) AS VARCHAR)
             END
        ELSE 'INVALID_CAST_ARGUMENT: Cannot cast ''' || x || ''' to a decimal'
    END;
CREATE TEMP MACRO trino_decimal_of_double(x, high) AS
    CASE
        WHEN x IS NULL OR abs(x) < high THEN CAST(x AS VARCHAR)
        ELSE 'INVALID_CAST_ARGUMENT: Cannot cast ' || x || ' to a decimal'
    END;
CREATE TEMP MACRO trino_double_text(x) AS
    CASE
        WHEN x IS NULL OR regexp_full_match(x,
             '\s*([+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|NaN|[+-]?Infinity)\s*')
        THEN x
        WHEN regexp_full_match(x,
             '\s*([+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?[dDfF]|[+-]?0[xX].*[pP].*)\s*')
        THEN CAST(trino_fail('NOT_SUPPORTED: a double written as ' || x) AS VARCHAR)
        ELSE 'INVALID_CAST_ARGUMENT: Cannot cast ''' || x || ''' to a double'
    END;
CREATE TEMP MACRO trino_boolean_text(x) AS
    CASE
        WHEN x IS NULL OR regexp_full_match(x, '(?i)t|true|1|f|false|0') THEN x
        ELSE 'INVALID_CAST_ARGUMENT: Cannot cast ''' || x || ''' to a boolean'
    END;
CREATE TEMP MACRO trino_date_text(x) AS
    CASE
        WHEN x IS NULL OR regexp_full_match(x, '\s*\+?[0-9]{1,4}-[0-9]{1,2}-[0-9]{1,2}\s*')
        THEN ltrim(trim(x), '+')
        WHEN regexp_full_match(x, '\s*[+-]?[0-9]{5,}-[0-9]{1,2}-[0-9]{1,2}\s*')
        THEN CAST(trino_fail('NOT_SUPPORTED: a date written as ' || x) AS VARCHAR)
        ELSE 'INVALID_CAST_ARGUMENT: Cannot cast ''' || x || ''' to a date'
    END;
CREATE TEMP MACRO trino_timestamp_text(x) AS
    CASE
        WHEN x IS NULL OR regexp_full_match(x,
             '\s*\+?[0-9]{1,4}-[0-9]{1,2}-[0-9]{1,2}( ([01]?[0-9]|2[0-3]):[0-5]?[0-9](:[0-5]?[0-9](\.[0-9]+)?)?)?\s*')
        THEN ltrim(trim(x), '+')
        WHEN regexp_full_match(x,
             '\s*\+?[0-9]{1,4}-[0-9]{1,2}-[0-9]{1,2} [0-9:.]+ ?[-+A-Za-z].*|\s*[+-]?[0-9]{5,}-.*')
        THEN CAST(trino_fail('NOT_SUPPORTED: a timestamp written as ' || x) AS VARCHAR)
        ELSE 'INVALID_CAST_ARGUMENT: Cannot cast ''' || x || ''' to a timestamp'
    END;
CREATE TEMP MACRO trino_iso_timestamp(x) AS
    CASE
        WHEN x IS NULL OR regexp_full_match(x,
             '[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,3})?)?(Z|[+-][0-9]{2}:[0-9]{2})?)?')
        THEN x
        ELSE 'INVALID_CAST_ARGUMENT: Cannot cast ''' || x || ''' to an ISO timestamp'
    END;
CREATE TEMP MACRO trino_iso_date(x) AS
    CASE
        WHEN x IS NULL OR regexp_full_match(x, '[0-9]{4}-[0-9]{2}-[0-9]{2}') THEN x
        ELSE 'INVALID_CAST_ARGUMENT: Cannot cast ''' || x || ''' to an ISO date'
    END;

-- text
CREATE TEMP MACRO trino_substr(s, i) AS
    CASE
        WHEN i > 0 OR (i < 0 AND i >= -length(s)) THEN substring(s, i)
        WHEN s IS NULL OR i IS NULL THEN NULL
        ELSE ''
    END;
CREATE TEMP MACRO trino_substr_length(s, i, n) AS
    CASE
        WHEN n > 0 AND (i > 0 OR (i < 0 AND i >= -length(s))) THEN substring(s, i, n)
        WHEN s IS NULL OR i IS NULL OR n IS NULL THEN NULL
        ELSE ''
    END;
CREATE TEMP MACRO trino_not_empty(s) AS
    CASE
        WHEN s = ''
        THEN CAST(trino_fail('INVALID_FUNCTION_ARGUMENT: The text to search, split or pad with must not be empty')
             AS VARCHAR)
        ELSE s
    END;
CREATE TEMP MACRO trino_split_limit(s, d, n) AS
    trino_limited_parts(string_split(s, d), d,
    CASE WHEN n < 1 THEN trino_fail('INVALID_FUNCTION_ARGUMENT: Limit must be positive') ELSE n END);
CREATE TEMP MACRO trino_limited_parts(l, d, n) AS
    CASE WHEN len(l) <= n THEN l ELSE list_append(l[1 : n - 1], array_to_string(l[n : len(l)], d)) END;
CREATE TEMP MACRO trino_split_part(s, d, i) AS
    list_extract(string_split(s, trino_not_empty(d)),
    CASE WHEN i <= 0 THEN trino_fail('INVALID_FUNCTION_ARGUMENT: Index must be greater than zero') ELSE i END);
CREATE TEMP MACRO trino_reverse(s) AS
    array_to_string(list_reverse(regexp_extract_all(s, '(?s).')), '');
-- What Java calls whitespace; no-break spaces are none.
CREATE TEMP MACRO trino_blanks() AS
    array_to_string(list_transform([9, 10, 11, 12, 13, 28, 29, 30, 31, 32, 5760, 8192, 8193, 8194, 8195, 8196,
    8197, 8198, 8200, 8201, 8202, 8232, 8233, 8287, 12288], lambda c: chr(c)), '');
CREATE TEMP MACRO trino_upper(s) AS
    CASE
        WHEN contains(s, 'ß')
        THEN array_to_string(list_transform(string_split(s, 'ß'), lambda part: upper(part)), 'ß')
        ELSE upper(s)
    END;
CREATE TEMP MACRO trino_lower(s) AS
    lower(s);
CREATE TEMP MACRO trino_codepoint(s) AS
    CASE
        WHEN length(s) <> 1
        THEN trino_fail('INVALID_FUNCTION_ARGUMENT: Input string must be a single character string')
        ELSE ord(s)
    END;
CREATE TEMP MACRO trino_pad_length(n) AS
    CASE
        WHEN n < 0 OR n > 2147483647
        THEN trino_fail('INVALID_FUNCTION_ARGUMENT: Target length must be in the range [0..2147483647]')
        ELSE CAST(n AS INTEGER)
    END;
CREATE TEMP MACRO trino_ascii_distance(a, b) AS
    CASE
        WHEN strlen(a) <> length(a) OR strlen(b) <> length(b)
        THEN trino_fail('NOT_SUPPORTED: levenshtein_distance of text other than ASCII')
        ELSE levenshtein(a, b)
    END;
CREATE TEMP MACRO trino_grouped(s) AS
    (CASE WHEN s[1] = '-' THEN '-' ELSE '' END || reverse(rtrim(regexp_replace(reverse(ltrim(split_part(s, '.',
    1), '-')), '([0-9]{3})', '\1,', 'g'), ',')) ||
    CASE WHEN contains(s, '.') THEN '.' || split_part(s, '.', 2) ELSE '' END);
CREATE TEMP MACRO trino_fixed(rounded, negative) AS
    (CASE WHEN negative AND rounded = 0 THEN '-' ELSE '' END || CAST(rounded AS VARCHAR));
CREATE TEMP MACRO trino_zero_padded(s, n) AS
    CASE WHEN length(s) >= n THEN s WHEN s[1] = '-' THEN '-' || lpad(s[2:], n - 1, '0') ELSE lpad(s, n, '0') END;
CREATE TEMP MACRO trino_padded_left(s, n) AS
    CASE WHEN length(s) >= n THEN s ELSE lpad(s, n, ' ') END;
CREATE TEMP MACRO trino_padded_right(s, n) AS
    CASE WHEN length(s) >= n THEN s ELSE rpad(s, n, ' ') END;
CREATE TEMP MACRO trino_regexp_extract(s, p, g) AS
    CASE WHEN regexp_matches(s, p) THEN regexp_extract(s, p, g) END;

-- numbers
CREATE TEMP MACRO trino_round(x, n) AS
    CASE WHEN isfinite(x) THEN round(x, CAST(n AS INTEGER)) ELSE x END;
CREATE TEMP MACRO trino_width_bucket(x, low, high, n) AS
    CASE
        WHEN n <= 0 THEN trino_fail('INVALID_FUNCTION_ARGUMENT: bucketCount must be greater than 0')
        WHEN low = high THEN trino_fail('INVALID_FUNCTION_ARGUMENT: bounds cannot equal each other')
        WHEN low < high THEN trino_bucket(x, low, high, n)
        ELSE n + 1 - trino_bucket(x, high, low, n)
    END;
CREATE TEMP MACRO trino_bucket(x, low, high, n) AS
    CASE
        WHEN x < low THEN 0
        WHEN x >= high THEN n + 1
        ELSE CAST(floor(n * (x - low) / (high - low)) AS BIGINT) + 1
    END;
CREATE TEMP MACRO trino_skewness(l, n, mean) AS
    CASE
        WHEN n >= 3
        THEN sqrt(n) * list_sum(list_transform(l, lambda x: pow(x - mean, 3))) / pow(list_sum(list_transform(l,
             lambda x: pow(x - mean, 2))), 1.5)
    END;
CREATE TEMP MACRO trino_kurtosis(l, n, mean) AS
    CASE
        WHEN n >= 4
        THEN CAST(n AS DOUBLE) * (n + 1) / ((n - 1) * (n - 2) * (n - 3)) * list_sum(list_transform(l, lambda x:
             pow(x - mean, 4))) / pow(list_sum(list_transform(l, lambda x: pow(x - mean, 2))) / (n - 1), 2) -
             3.0::DOUBLE * pow(n - 1, 2) / ((n - 2) * (n - 3))
    END;

-- dates and times
CREATE TEMP MACRO trino_round_timestamp(t, unit) AS
    trino_floor_timestamp(epoch_us(t) + unit // 2, unit);
CREATE TEMP MACRO trino_floor_timestamp(x, unit) AS
    make_timestamp(x - (x % unit + unit) % unit);
CREATE TEMP MACRO trino_whole_days(x) AS
    CASE
        WHEN x % 86400000 <> 0
        THEN trino_fail('INVALID_FUNCTION_ARGUMENT: Cannot add hour, minutes or seconds to a date')
        ELSE x // 86400000
    END;
CREATE TEMP MACRO trino_parse(s, format, guard) AS
    strptime(CASE
        WHEN s IS NULL OR regexp_full_match(s, guard) THEN s
        ELSE 'INVALID_FUNCTION_ARGUMENT: Invalid format: ' || s
    END, format);

-- arrays and maps
CREATE TEMP MACRO trino_subscript(l, i) AS
    list_extract(l, CASE
        WHEN l IS NULL THEN NULL
        WHEN i < 1 THEN trino_fail('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1')
        WHEN i > len(l)
        THEN trino_fail('INVALID_FUNCTION_ARGUMENT: Array subscript must be less than or equal to array length: '
             || i || ' > ' || len(l))
        ELSE i
    END);
CREATE TEMP MACRO trino_map_subscript(m, k) AS
    list_extract([m[k]], CASE
        WHEN m IS NULL OR k IS NULL OR map_contains(m, k) THEN 1
        ELSE trino_fail('INVALID_FUNCTION_ARGUMENT: Key not present in map: ' || k)
    END);
CREATE TEMP MACRO trino_element_at(l, i) AS
    list_extract(l,
    CASE WHEN i = 0 THEN trino_fail('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1') ELSE i END);
CREATE TEMP MACRO trino_contains(l, x) AS
    CASE
        WHEN l IS NULL OR x IS NULL THEN NULL
        WHEN list_contains(l, x) THEN TRUE
        WHEN len(l) <> list_count(l) THEN NULL
        ELSE FALSE
    END;
CREATE TEMP MACRO trino_array_position(l, x) AS
    CASE WHEN l IS NOT NULL AND x IS NOT NULL THEN CAST(coalesce(list_position(l, x), 0) AS BIGINT) END;
CREATE TEMP MACRO trino_array_remove(l, x) AS
    CASE WHEN x IS NOT NULL THEN list_filter(l, lambda e: e IS DISTINCT FROM x) END;
CREATE TEMP MACRO trino_array_join(l, d) AS
    coalesce(array_to_string(l, d), CASE WHEN l IS NOT NULL AND d IS NOT NULL THEN '' END);
CREATE TEMP MACRO trino_array_distinct(l) AS
    list_filter(l, lambda e, i:
    CASE WHEN e IS NULL THEN list_count(l[1 : i - 1]) = i - 1 ELSE list_position(l, e) = i END);
CREATE TEMP MACRO trino_array_max(l) AS
    CASE WHEN list_count(l) = len(l) THEN list_max(l) END;
CREATE TEMP MACRO trino_array_min(l) AS
    CASE WHEN list_count(l) = len(l) THEN list_min(l) END;
CREATE TEMP MACRO trino_array_union(a, b) AS
    CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN trino_array_distinct(list_concat(a, b)) END;
CREATE TEMP MACRO trino_has(l, e) AS
    CASE WHEN e IS NULL THEN len(l) <> list_count(l) ELSE list_contains(l, e) END;
CREATE TEMP MACRO trino_array_intersect(a, b) AS
    CASE WHEN b IS NOT NULL THEN list_filter(trino_array_distinct(a), lambda common: trino_has(b, common)) END;
CREATE TEMP MACRO trino_array_except(a, b) AS
    CASE WHEN b IS NOT NULL THEN list_filter(trino_array_distinct(a), lambda own: NOT trino_has(b, own)) END;
CREATE TEMP MACRO trino_arrays_overlap(a, b) AS
    CASE
        WHEN a IS NULL OR b IS NULL THEN NULL
        WHEN len(a) = 0 OR len(b) = 0 THEN FALSE
        WHEN len(list_filter(a, lambda e: coalesce(list_contains(b, e), FALSE))) > 0 THEN TRUE
        WHEN len(a) <> list_count(a) OR len(b) <> list_count(b) THEN NULL
        ELSE FALSE
    END;
CREATE TEMP MACRO trino_repeat(x, n) AS
    list_transform(range(n), lambda i: x);
CREATE TEMP MACRO trino_slice(l, s, n) AS
    trino_sliced(l, CASE
        WHEN s = 0 THEN trino_fail('INVALID_FUNCTION_ARGUMENT: SQL array indices start at 1')
        WHEN s > 0 THEN s
        WHEN -s > len(l) THEN len(l) + 1
        ELSE len(l) + s + 1
    END, CASE
        WHEN n < 0 THEN trino_fail('INVALID_FUNCTION_ARGUMENT: length must be greater than or equal to 0')
        ELSE n
    END);
CREATE TEMP MACRO trino_sliced(l, first, n) AS
    list_slice(l, first, first + n - 1);
CREATE TEMP MACRO trino_step(a, b, step) AS
    CASE
        WHEN step = 0 THEN trino_fail('INVALID_FUNCTION_ARGUMENT: step must not be zero')
        WHEN (b > a AND step < 0) OR (b < a AND step > 0)
        THEN trino_fail('INVALID_FUNCTION_ARGUMENT: sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop should be less than or equal to start')
        ELSE step
    END;
CREATE TEMP MACRO trino_short(l) AS
    CASE
        WHEN len(l) > 10000
        THEN list_slice(l, 1,
             trino_fail('INVALID_FUNCTION_ARGUMENT: result of sequence function must not have more than 10000 entries'))
        ELSE l
    END;
CREATE TEMP MACRO trino_sequence(a, b, step) AS
    trino_short(generate_series(a, b, trino_step(a, b, step)));
CREATE TEMP MACRO trino_time_sequence(a, b, step) AS
    trino_short(generate_series(a, b, to_milliseconds(trino_step(a, b, step))));
CREATE TEMP MACRO trino_month_sequence(a, b, step) AS
    trino_short(list_transform(range(0, 1 + date_sub('month', a, b) // trino_step(a, b, step)), lambda k: a +
    to_months(CAST(k * step AS INTEGER))));
CREATE TEMP MACRO trino_any_match(v) AS
    CASE
        WHEN v IS NULL THEN NULL
        WHEN list_contains(v, TRUE) THEN TRUE
        WHEN len(v) <> list_count(v) THEN NULL
        ELSE FALSE
    END;
CREATE TEMP MACRO trino_all_match(v) AS
    CASE
        WHEN v IS NULL THEN NULL
        WHEN list_contains(v, FALSE) THEN FALSE
        WHEN len(v) <> list_count(v) THEN NULL
        ELSE TRUE
    END;
CREATE TEMP MACRO trino_none_match(v) AS
    (NOT trino_any_match(v));
CREATE TEMP MACRO trino_map(keys, items) AS
    map(keys, items);
CREATE TEMP MACRO trino_first_entries(l) AS
    map_from_entries(list_filter(l, lambda e, i: list_position(list_transform(l, lambda other: other.k), e.k) =
    i));

-- json
CREATE TEMP MACRO trino_json_text(x) AS
    CASE WHEN json_valid(x) THEN x END;
CREATE TEMP MACRO trino_json_scalar(x, p) AS
    CASE
        WHEN json_valid(x)
        THEN CASE json_type(trino_json_text(x), p)
                 WHEN 'OBJECT' THEN NULL
                 WHEN 'ARRAY' THEN NULL
                 WHEN 'NULL' THEN NULL
                 WHEN 'DOUBLE' THEN trino_exact_number(x, json_extract_string(trino_json_text(x), p))
                 ELSE json_extract_string(trino_json_text(x), p)
             END
    END;
CREATE TEMP MACRO trino_exact_number(x, t) AS
    CASE
        WHEN regexp_matches(x, '(^|[^0-9.eE+-])' || regexp_escape(t) || '($|[^0-9.eE+-])') THEN t
        ELSE CAST(trino_fail('NOT_SUPPORTED: a JSON number not in its shortest form') AS VARCHAR)
    END;
CREATE TEMP MACRO trino_json_extract(x, p) AS
    CASE
        WHEN json_valid(x) THEN trino_exact_numbers(x, CAST(json_extract(trino_json_text(x), p) AS VARCHAR))
    END;
CREATE TEMP MACRO trino_exact_numbers(x, r) AS
    CASE
        WHEN len(list_filter(regexp_extract_all(r, '[0-9]+[.eE][0-9.eE+-]*'), lambda t: NOT regexp_matches(x,
             '(^|[^0-9.eE+-])' || regexp_escape(t) || '($|[^0-9.eE+-])'))) > 0
        THEN CAST(trino_fail('NOT_SUPPORTED: a JSON number not in its shortest form') AS VARCHAR)
        ELSE r
    END;
CREATE TEMP MACRO trino_json_parse(x) AS
    CASE
        WHEN x IS NULL OR json_valid(x) THEN x
        ELSE CAST(trino_fail('INVALID_FUNCTION_ARGUMENT: Cannot convert value to JSON: ' || x) AS VARCHAR)
    END;
CREATE TEMP MACRO trino_json_array_length(x) AS
    CASE
        WHEN json_valid(x)
        THEN CASE
                 WHEN json_type(trino_json_text(x)) = 'ARRAY'
                 THEN CAST(json_array_length(trino_json_text(x)) AS BIGINT)
             END
    END;
CREATE TEMP MACRO trino_json_size(x, p) AS
    CASE
        WHEN json_valid(x)
        THEN CASE json_type(trino_json_text(x), p)
                 WHEN 'ARRAY' THEN CAST(json_array_length(trino_json_text(x), p) AS BIGINT)
                 WHEN 'OBJECT' THEN CAST(len(json_keys(trino_json_text(x), p)) AS BIGINT)
                 ELSE CASE WHEN json_type(trino_json_text(x), p) IS NOT NULL THEN CAST(0 AS BIGINT) END
             END
    END;
CREATE TEMP MACRO trino_json_array(x, allowed) AS
    CASE
        WHEN len(list_filter(json_type(x, '$[*]'), lambda t: NOT list_contains(allowed, t))) > 0
        THEN CAST(trino_fail('INVALID_CAST_ARGUMENT: Cannot cast the elements of the JSON array') AS VARCHAR)
        ELSE x
    END;
