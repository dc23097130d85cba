"""Names that follow from files: of their table, of its columns, and the pattern by which later deliveries are known."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import PurePath

from salesperf_cli.core.portable.refused import RESERVED

_DELIVERY = re.compile(r"[-_. ]*\d[\d\-_.T ]*$")
"""What tells deliveries of a table apart: a date or a number at the end of the name."""


def identifier(text: str, *, otherwise: str) -> str:
    """A text as names are written here: `Preço Unitário` and `precoUnitario` both give preco_unitario."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain)
    name = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    if not re.match(r"[a-z]", name):
        name = f"{otherwise}_{name}".rstrip("_")
    return f"{name}_value" if name in RESERVED else name


def identifiers(texts: Iterable[str]) -> Mapping[str, str]:
    """One for each text, no two alike."""
    names: dict[str, str] = {}
    for text in texts:
        name = first = identifier(text, otherwise="column")
        at = 1
        while name in names.values():
            at += 1
            name = f"{first}_{at}"
        names[text] = name
    return names


def table_of(file: str) -> str:
    """The table that a file is of: `vendas-2025-01.csv.gz` is of vendas."""
    stem, _ = _parts(file)
    return identifier(_DELIVERY.sub("", stem) or stem, otherwise="table")


def pattern_of(file: str) -> str:
    """The pattern of a file and of its later deliveries: `vendas-*.csv.gz`; without a date, its very name."""
    stem, endings = _parts(file)
    base = _DELIVERY.sub("", stem)
    if base in ("", stem):
        return file
    joint = re.match(r"[-_. ]", stem[len(base) :])
    return f"{base}{joint[0] if joint else '[0-9]'}*{endings}"


def _parts(file: str) -> tuple[str, str]:
    endings = "".join(each for each in PurePath(file).suffixes[-2:] if each.lower() in _ENDINGS)
    return file.removesuffix(endings), endings


_ENDINGS = (".csv", ".tsv", ".txt", ".json", ".ndjson", ".jsonl", ".gz")
