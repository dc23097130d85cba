"""Upper and lower case as Spark has it: Unicode's full mapping, where DuckDB maps one letter to one letter."""

from __future__ import annotations

# Letters whose capital is more than one letter (Unicode SpecialCasing); str.upper maps them in full, as Java
# does.
_EXPANDING = "ßŉǰΐΰևẖẗẘẙẚὐὒὔὖᾀᾁᾂᾃᾄᾅᾆᾇᾈᾉᾊᾋᾌᾍᾎᾏᾐᾑᾒᾓᾔᾕᾖᾗᾘᾙᾚᾛᾜᾝᾞᾟᾠᾡᾢᾣᾤᾥᾦᾧᾨᾩᾪᾫᾬᾭᾮᾯᾲᾳᾴᾶᾷᾼῂῃῄῆῇῌῒΐῖῗῢΰῤῦῧῲῳῴῶῷῼﬀﬁﬂﬃﬄﬅﬆﬓﬔﬕﬖﬗ"


def upper_sql(value: str) -> str:
    """DuckDB SQL for Spark's upper of a string; rows without such letters, nearly all, take the short way."""
    expanded = value
    for letter in _EXPANDING:
        expanded = f"replace({expanded}, '{letter}', '{letter.upper()}')"
    return f"CASE WHEN regexp_matches({value}, '[{_EXPANDING}]') THEN upper({expanded}) ELSE upper({value}) END"


def lower_sql(value: str) -> str:
    """DuckDB SQL for Spark's lower of a string: İ becomes two characters, a sigma that ends a word is ς."""
    dotted = f"replace({value}, 'İ', 'i\u0307')"
    sigma = rf"regexp_replace({dotted}, '(\p{{L}}\p{{M}}*)Σ(\p{{M}}*)([^\p{{L}}\p{{M}}]|$)', '\1ς\2\3', 'g')"
    return f"CASE WHEN regexp_matches({value}, '[İΣ]') THEN lower({sigma}) ELSE lower({value}) END"
