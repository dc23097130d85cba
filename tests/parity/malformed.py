"""A pipeline of three sources in three dialects, and files for it in which everything is wrong that can be wrong with
CSV.

The same rows for the same seed. Used to see that both engines load and refuse the very same rows.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

DIALECTS = {
    "plain": {"delimiter": ",", "quote": '"', "escape": '"', "encoding": "utf-8", "decimalSeparator": "."},
    "office": {"delimiter": ";", "quote": '"', "escape": '"', "encoding": "latin-1", "decimalSeparator": ","},
    "dump": {"delimiter": "|", "quote": "'", "escape": "\\", "encoding": "utf-8", "decimalSeparator": "."},
}
COLUMNS = ("code", "amount", "seen", "day", "share", "flag", "many", "logged", "note")
IN_FILES = {name: name for name in COLUMNS} | {"share": "Share (%)", "note": "Nota `de água`"}
"""What files call the columns."""
_TYPES = ("string", "decimal(10,2)", "timestamp", "date", "double", "boolean", "int", "timestamp", "string")
_LOGICAL = ("string", "number", "timestamp", "date", "number", "boolean", "integer", "timestamp", "string")
_FORMATS = {"seen": "yyyy-MM-dd HH:mm:ss", "day": "dd/MM/yyyy", "logged": "yyyy-MM-dd'T'HH:mm:ss'Z'"}
VALUES = {
    "code": ("a", "B7", "ç", "", "日本", "a b", " a", "a "),
    "amount": ("1.5", "-2", "+3.10", "1.234", "12345678901", "1,5", "007.5", "1e3", "", " 1", "1.", ".5", "1.500"),
    "seen": (
        "2017-01-02 03:04:05", "2017-02-30 00:00:00", "2017-01-02", "2017-1-2 03:04:05", "0000-01-01 00:00:00",
        "9999-12-31 23:59:59", "2017-01-02 24:00:00", "2017-01-02 23:59:60", "", "2016-02-29 12:00:00",
        "2017-01-02T03:04:05",
    ),
    "day": ("02/01/2017", "31/02/2017", "2017-01-02", "1/1/2017", "", "29/02/2016", "00/01/2017", "02/13/2017"),
    "share": ("0.5", "1e400", "-1e-400", "NaN", "1d", "inf", ".5", "5.", "1E5", "", "0x1", "-0.0", "1e308"),
    "flag": ("true", "FALSE", "1", "0", "yes", "t", "", "True"),
    "many": ("1", "+5", "-2147483648", "2147483648", "1.0", "12.7", "", "0005", "1_000", "٣"),
    "logged": (
        "2017-01-02T03:04:05Z", "2017-01-02T03:04:05", "2017-01-02 03:04:05Z", "2017-01-02T03:04:05z",
        "2017-02-30T03:04:05Z", "", "2017-01-02T03:04:05ZZ",
    ),
    "note": ("plain", "", "two words", "\u00a0", "é", "x" * 300),
}  # fmt: skip
_HOSTILE = ("{q}", "{q}{q}", "{q}a{q}", "{q}a{q}b", "a{q}b", "{q}a{d}b{q}", "{q}a\nb{q}", "{q}a\r\nb{q}",
            " {q}a{q}", "{q}a{q} ", "{q}a{e}{q}b{q}",
            "{q}a", "\0", "{e}", "{q}{e}{e}{q}", "a\tb", "\ufeff", "{d}", "{q}a\r{q}")  # fmt: skip
_ENDS = ("\n", "\r\n", "\r")


def write_pipeline(folder: Path) -> Path:
    """The pipeline's folder: three bronze sources, each with a silver table that keeps its rows."""
    (folder / "models" / "silver").mkdir(parents=True)
    (folder / "pipeline.yaml").write_text("name: malformed\ntitle: t\ndescription: d\nversion: 1.0.0\n")
    for name, dialect in DIALECTS.items():
        casts = ", ".join(
            f"CAST({column} AS {type_}) AS {column}" for column, type_ in zip(COLUMNS, _TYPES, strict=True)
        )
        (folder / "models" / "silver" / f"{name}.sql").write_text(f"SELECT {casts} FROM bronze.{name}\n")
        for layer in ("bronze", "silver"):
            target = folder / "contracts" / layer / f"{name}.yaml"
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(_contract(layer, name, dialect), encoding="utf-8")
    return folder


def write_files(folder: Path, seed: int, files: int) -> Path:
    """`files` files for each source: mostly good rows, and every sort of damage now and then."""
    folder.mkdir(parents=True)
    dice = Random(seed)
    for name, dialect in DIALECTS.items():
        for number in range(files):
            text = _file_text(dice, dialect)
            data = text.encode("latin-1" if dialect["encoding"] == "latin-1" else "utf-8", errors="replace")
            if dice.random() < 0.1:
                data = data[:80] + data[80:].replace(b"a", b"\xe7\xff", 1)  # behind the header
            if dice.random() < 0.15 and dialect["encoding"] == "utf-8":
                data = b"\xef\xbb\xbf" + data
            (folder / f"{name}-{number:03d}.csv").write_bytes(data)
    return folder


def _file_text(dice: Random, dialect: dict[str, str]) -> str:
    end = dice.choice(_ENDS[:2]) if dice.random() < 0.9 else _ENDS[2]
    damage = dice.choice((0.0, 0.0, 0.0, 0.05, 0.3))
    lines = [dialect["delimiter"].join(IN_FILES.values())]
    for _ in range(dice.randint(1, 12)):
        fields = [_field(dice, column, dialect, damage) for column in COLUMNS]
        if dice.random() < damage:
            fields = fields[: dice.randint(0, len(COLUMNS) - 1)] if dice.random() < 0.5 else [*fields, "more"]
        lines.append(dialect["delimiter"].join(fields))
    if dice.random() < 0.1:
        lines.insert(dice.randint(1, len(lines)), dice.choice(("", "  ")))
    text = end.join(lines) + (end if dice.random() < 0.8 else "")
    return text.replace("\n", "\r\n", 1) if dice.random() < damage else text


def _field(dice: Random, column: str, dialect: dict[str, str], damage: float) -> str:
    if dice.random() < damage:
        return dice.choice(_HOSTILE).format(q=dialect["quote"], d=dialect["delimiter"], e=dialect["escape"])
    value = dice.choice(VALUES[column]) if dice.random() < 0.5 else VALUES[column][0]
    if column in ("amount", "share"):
        value = value.replace(".", dialect["decimalSeparator"])
    if dice.random() < 0.3 and dialect["delimiter"] not in value:
        return f"{dialect['quote']}{value}{dialect['quote']}"
    return value if dialect["delimiter"] not in value else ""


def _contract(layer: str, name: str, dialect: dict[str, str]) -> str:
    lines = [
        "apiVersion: v3.1.0", "kind: DataContract", f"id: malformed.{layer}.{name}", f"name: {name}", "version: 1.0.0",
        "status: active", "team: {name: tests}", "description: {purpose: p}", "schema:", f"  - name: {name}",
        f"    physicalName: {layer}.{name}", f"    physicalType: {'file' if layer == 'bronze' else 'table'}",
        "    description: d",
    ]  # fmt: skip
    if layer == "bronze":
        words = ", ".join(f"{key}: {_quoted(value)}" for key, value in dialect.items())
        lines += [
            "    customProperties:",
            f"      - {{property: filePatterns, value: ['{name}-*']}}",
            f"      - {{property: dialect, value: {{{words}}}}}",
        ]
    lines.append("    properties:")
    for column, type_, logical in zip(COLUMNS, _TYPES, _LOGICAL, strict=True):
        lines += [
            f"      - name: {column}", f"        logicalType: {logical}", f"        physicalType: {type_}",
            "        classification: internal", f"        description: {column}",
        ]  # fmt: skip
        if layer == "bronze" and column != IN_FILES[column]:
            lines.append(f"        physicalName: {_quoted(IN_FILES[column])}")
        if layer == "bronze" and column in _FORMATS:
            lines.append(f"        logicalTypeOptions: {{format: {_quoted(_FORMATS[column])}}}")
        if layer == "bronze" and column == "code":
            lines.append("        required: true")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
