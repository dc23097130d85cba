"""The sink itself: where every byte that a command shows goes through. Data to stdout, talk to stderr.

The default format is `table` on a terminal; in a pipe or a file a document is `json` and the rows of a query
are `csv`, the form that the next program reads without being told.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

from salesperf_cli.errors import InputError, SalesperfError
from salesperf_cli.output.forms import Block, Column, Fields, Line, OutputFormat, RowSource, Table
from salesperf_cli.output.plain import records, to_csv, to_json, to_json_line
from salesperf_cli.output.progress import ERASE_LINE, LineProgress, LiveProgress, Progress, SilentProgress
from salesperf_cli.output.tables import Paint, Tone, draw_fields, draw_line, draw_table
from salesperf_cli.output.text import cut, escape, width_of, wrap

PREVIEW_ROWS = 100

_ANSI = {
    Tone.STRONG: "1",
    Tone.FAINT: "2",
    Tone.GOOD: "32",
    Tone.BAD: "1;31",
    Tone.CARE: "33",
    Tone.LINK: "36",
}
# What a terminal without UTF-8 gets instead of our marks and rules.
_ASCII = str.maketrans({"✓": "+", "✗": "x", "→": ">", "·": "-", "…": "~", "–": "-", "─": "-", "∪": "u"})

View = Callable[..., Iterable[Block]]


@dataclass(frozen=True, slots=True)
class Look:
    """What the streams can show: `color` counts only on a terminal, `width` is in columns, `hints` are next steps.

    `typed` are the options that say what a command works on, as they were typed: next steps have them, too.
    """

    stdout_tty: bool = False
    stderr_tty: bool = False
    color: bool = True
    quiet: bool = False
    width: int = 80
    hints: bool = True
    typed: str = ""


def paint_with(color: bool) -> Paint:
    """A painter that colours, or one that leaves text as it is."""

    def painted(text: str, tone: Tone) -> str:
        code = _ANSI.get(tone)
        return f"\x1b[{code}m{text}\x1b[0m" if code and text else text

    def left_alone(text: str, _tone: Tone) -> str:
        return text

    return painted if color else left_alone


class Sink:
    """Data to stdout in the asked format, talk to stderr in words."""

    def __init__(
        self, stdout: TextIO, stderr: TextIO, form: OutputFormat | None = None, look: Look | None = None
    ) -> None:
        self._stdout = stdout
        self._stderr = stderr
        self._form = form
        self._look = look or Look()
        self._is_busy = False
        self._paint_data = paint_with(self._look.color and self._look.stdout_tty)
        self._paint_talk = paint_with(self._look.color and self._look.stderr_tty)

    # -- data

    @property
    def document_format(self) -> OutputFormat:
        """The format of a document: what `-o` says, else table on a terminal and json elsewhere."""
        return self._form or (OutputFormat.TABLE if self._look.stdout_tty else OutputFormat.JSON)

    @property
    def rows_format(self) -> OutputFormat:
        """The format of a query's rows: what `-o` says, else table on a terminal and csv elsewhere."""
        return self._form or (OutputFormat.TABLE if self._look.stdout_tty else OutputFormat.CSV)

    def document(self, document: object, view: View | None = None) -> None:
        """Write one result: a frozen dataclass whose fields are the JSON shape.

        `view` takes the document and gives the blocks that a person sees; without it the fields are listed.
        Raises InputError for formats that hold rows only.
        """
        match self.document_format:
            case OutputFormat.TABLE:
                self.blocks(view(document) if view else (_fields_of(document),))
            case OutputFormat.JSON:
                self._data(to_json(document))
            case OutputFormat.NDJSON:
                self._data(to_json_line(document))
            case other:
                raise _no_such_form(other, "this result is one document, not rows")

    def table(self, title: str, columns: Sequence[Column], rows: Iterable[Sequence[object]], footer: str = "") -> None:
        """Write a short list: a drawn table, or its rows as objects in json and ndjson, or as csv."""
        match self.document_format:
            case OutputFormat.TABLE:
                self.blocks((Table(columns, rows, title, footer),))
            case OutputFormat.JSON:
                self._data(to_json(records(columns, rows)))
            case OutputFormat.NDJSON:
                for record in records(columns, rows):
                    self._data(to_json_line(record))
            case OutputFormat.CSV:
                self._data(to_csv(columns, rows))
            case other:
                raise _no_such_form(other, "only the rows of a query are written in this format")

    def write_rows(self, source: RowSource, out: Path | None = None, *, limit: int = PREVIEW_ROWS) -> OutputFormat:
        """Write the rows of a query to stdout or, whole or not at all, to a file; returns the format used.

        A file's format follows its suffix unless `-o` says otherwise. A table shows `limit` rows.
        Raises InputError when the suffix is unknown or a binary format would land on a terminal.
        """
        if self._form is OutputFormat.HTML:
            raise _no_such_form(self._form, "")
        if out is not None:
            form = self._form or _form_of(out)
            _write_whole(out, lambda stream: self._rows_to(source, form, stream, limit))
            return form
        form = self.rows_format
        if form.is_binary and self._look.stdout_tty:
            raise InputError(
                f"{form} is binary and stdout is a terminal",
                remedy=f"add --out FILE.{form}, or send stdout to a file",
            )
        if form is OutputFormat.TABLE:
            self.blocks((_preview(source, limit),))
        elif self._look.stdout_tty:
            self._rows_to_terminal(source, form)
        else:
            self._stdout.flush()
            self._rows_to(source, form, self._bytes(), limit)
        return form

    def blocks(self, blocks: Iterable[Block]) -> None:
        """Draw blocks on stdout, a blank line between them."""
        width = self._look.width
        for position, block in enumerate(blocks):
            if position and not isinstance(block, Line):
                self._drawn("\n")
            self._drawn("\n".join(_draw(block, width, self._paint_data)) + "\n")

    def text(self, text: str) -> None:
        """Write text that is itself the data (help, a version, SQL) to stdout as it is."""
        self._drawn(text if text.endswith("\n") else text + "\n")

    def flush(self) -> None:
        """Hand everything over, so that a full disk or a closed pipe shows here and not at exit."""
        self._stdout.flush()
        self._stderr.flush()

    # -- talk

    def say(self, text: str = "") -> None:
        """A line of talk; silent when quiet."""
        if not self._look.quiet:
            self._talk("\n".join(part for line in escape(text, keep="\n").split("\n") for part in self._fitting(line)))

    def step(self, text: str, note: str = "", *, mark: str = "✓") -> None:
        """A step that was done, with what came of it; `·` marks one that needed nothing."""
        if self._look.quiet:
            return
        tone = {"✓": Tone.GOOD, "✗": Tone.BAD, "!": Tone.CARE}.get(mark, Tone.FAINT)
        if note and width_of(text) + width_of(note) + 4 <= self._look.width:
            self._talk(f"{self._paint_talk(mark, tone)} {escape(text)}  {self._paint_talk(escape(note), Tone.FAINT)}")
            return
        self._hanging(mark, text.rstrip(), Tone.PLAIN, mark_tone=tone)
        if note:
            self._hanging(" ", note, Tone.FAINT)

    def busy(self, text: str) -> None:
        """What is being done right now: one line on a terminal, which the next talk replaces; else nothing."""
        if self._look.stderr_tty and not self._look.quiet:
            self._erase()
            self._stderr.write(
                _encodable(self._paint_talk(cut(f"· {escape(text)} …", self._look.width - 1), Tone.FAINT), self._stderr)
            )
            self._stderr.flush()
            self._is_busy = True

    def next_steps(self, commands: Sequence[str], heading: str = "Next", *, as_typed: bool = True) -> None:
        """The commands to type next, ready to copy; `as_typed`: on what this one works on."""
        if self._look.hints and not self._look.quiet and commands:
            self._talk(f"\n{self._paint_talk(heading, Tone.STRONG)}")
            typed = self._look.typed * as_typed
            for command in commands:
                whole = command + typed if command.startswith("salesperf ") else command
                self._talk("  " + self._paint_talk(escape(whole), Tone.LINK))

    def warn(self, text: str) -> None:
        """Something to know; shown even when quiet."""
        self._hanging("!", text, Tone.PLAIN, mark_tone=Tone.CARE)

    def progress(self, total: int | None, label: str, unit: str = "") -> Progress:
        """A context manager whose `advance(n)` shows how far the work is; `total` is None when unknown."""
        if self._look.quiet:
            return SilentProgress()
        if self._look.stderr_tty:
            return LiveProgress(self._stderr, total, label, width=self._look.width, color=self._look.color)
        return LineProgress(self.say, total, label, unit)

    def error(self, error: SalesperfError, *, exit_code: int | None = None, as_json: bool | None = None) -> None:
        """What went wrong, why, and what to do next; one JSON object when JSON was asked for."""
        code = int(error.exit_code) if exit_code is None else exit_code
        if as_json or (as_json is None and self._form in (OutputFormat.JSON, OutputFormat.NDJSON)):
            shape = _ErrorShape(error.what, error.why, error.remedy, error.detail, type(error).__name__, code)
            self._stderr.write(to_json_line({"error": shape}))
            self._stderr.flush()
            return
        self._hanging("✗", error.what, Tone.BAD)
        if error.why:
            self._hanging(" ", error.why, Tone.PLAIN)
        for line in error.detail:
            self._hanging("   ", line, Tone.FAINT)
        if error.remedy:
            self._hanging("→", error.remedy, Tone.LINK)

    # -- inside

    def _fitting(self, line: str) -> list[str]:
        """A line as a terminal can show it without cutting a word; a log keeps it."""
        width = self._look.width
        return wrap(line, width) if self._look.stderr_tty and width_of(line) > width else [line]

    def _hanging(self, mark: str, text: str, tone: Tone, *, mark_tone: Tone | None = None) -> None:
        """A mark and a text whose further lines begin under its first letter; the text's own indent is kept."""
        indent = text[: len(text) - len(text.lstrip(" "))]
        room = max(self._look.width - len(mark) - 1 - len(indent), 20)
        for number, line in enumerate(wrap(escape(text.lstrip(" ")), room)):
            shown = self._paint_talk(mark, mark_tone or tone) if number == 0 else " " * len(mark)
            self._talk(f"{shown} {indent}{self._paint_talk(line, tone)}")

    def _data(self, text: str) -> None:
        self._drawn(escape(text, keep="\n\t") if self._look.stdout_tty else text)

    def _drawn(self, text: str) -> None:
        self._erase()
        self._stdout.write(_encodable(text, self._stdout))

    def _erase(self) -> None:
        """Take back the line that said what is being done."""
        if self._is_busy:
            self._stderr.write(ERASE_LINE)
            self._is_busy = False

    def _talk(self, text: str) -> None:
        self._stdout.flush()
        self._erase()
        self._stderr.write(_encodable(text + "\n", self._stderr))
        self._stderr.flush()

    def _bytes(self) -> BinaryIO:
        return self._stdout.buffer

    def _rows_to_terminal(self, source: RowSource, form: OutputFormat) -> None:
        import io

        buffer = io.BytesIO()
        source.write(form, buffer)
        self._stdout.write(_encodable(escape(buffer.getvalue().decode(), keep="\n\t"), self._stdout))

    def _rows_to(self, source: RowSource, form: OutputFormat, stream: BinaryIO, limit: int) -> None:
        if form is OutputFormat.TABLE:
            lines = draw_table(_preview(source, limit), self._look.width, paint_with(False))
            stream.write(("\n".join(lines) + "\n").encode())
        else:
            source.write(form, stream)


@dataclass(frozen=True, slots=True)
class _ErrorShape:
    """The documented JSON of an error."""

    what: str
    why: str
    remedy: str
    detail: tuple[str, ...]
    kind: str
    exit_code: int


def _draw(block: Block, width: int, paint: Paint) -> list[str]:
    match block:
        case Line():
            return draw_line(block, width, paint)
        case Fields():
            return draw_fields(block, width, paint)
        case Table():
            return draw_table(block, width, paint)


def _fields_of(document: object) -> Fields:
    if not dataclasses.is_dataclass(document) or isinstance(document, type):
        return Fields((("value", document),))
    return Fields(
        tuple((field.name.replace("_", " "), getattr(document, field.name)) for field in dataclasses.fields(document))
    )


def _preview(source: RowSource, limit: int) -> Table:
    rows = list(source.preview(limit))  # only then is the number of rows known
    count = source.row_count
    footer = f"the first {len(rows):,} of {count:,} rows; -o csv or --out FILE writes all" if count > len(rows) else ""
    return Table(source.columns, rows, footer=footer)


def _no_such_form(form: OutputFormat, why: str) -> InputError:
    if form is OutputFormat.HTML:
        why = "only salesperf cost estimate makes a page"
    return InputError(f"there is no {form} form of this", why=why, remedy="use -o json")


def _form_of(path: Path) -> OutputFormat:
    suffix = path.suffix.lstrip(".").lower()
    known = {form.value: form for form in OutputFormat if form not in (OutputFormat.TABLE, OutputFormat.HTML)} | {
        "jsonl": OutputFormat.NDJSON
    }
    if suffix in known:
        return known[suffix]
    raise InputError(
        f"The file name {path.name!r} does not say its format",
        why=f"known endings: {', '.join('.' + name for name in known)}",
        remedy="choose one of those endings, or name the format with -o",
    )


def _write_whole(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Write beside the target and rename, so that a reader never sees half a file."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as stream:
            write(stream)
        part.replace(path)
    except FileNotFoundError as error:
        raise InputError(
            f"the folder of {path} does not exist",
            remedy=f"mkdir -p {path.parent}, then run the command again",
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _encodable(text: str, stream: TextIO) -> str:
    """The text in characters that the stream can carry: our marks have plain twins, the rest is escaped."""
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_ASCII).encode(encoding, "backslashreplace").decode(encoding)
    return text
