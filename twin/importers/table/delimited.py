"""Which rows stand in a delimited text? Read line by line, with a bound on every line and every quoted field."""

import csv
import io
from collections.abc import Iterator
from itertools import islice

from twin.errors import UnreadableInput
from twin.importers.content import Content
from twin.importers.table import encoding as encodings
from twin.importers.table.grid import Grid, Row

DELIMITERS = (",", "\t", ";", "|")
MAX_LINE = 2**20  # characters of one record; the longest result texts have some thousand
_MAX_QUOTED_LINES = 200  # lines that one quoted field may span before its quote counts as never closed
_KEPT = 1_000  # characters that are kept of a line that is too long
_SAMPLE = 30  # lines by which the delimiter is told
_DAMAGED = "\ufffd"  # stands for bytes that are not of the encoding; a text that holds one was damaged before
_OTHERS = ("MSH|", "FHS|", "BHS|", "{", "[", "<", "#", "%PDF", "%!")  # how texts of other formats begin


def grid_of(content: Content, declared_encoding: str | None, declared_delimiter: str | None) -> Grid:
    """Return a delimited text as rows.

    Raises:
        UnreadableInput: no encoding or no delimiter fits it.
    """
    encoding = encodings.of_content(content, declared_encoding)
    delimiter = declared_delimiter or delimiter_of(list(islice(_lines(content, encoding), _SAMPLE)), least=0)
    if delimiter is None:
        raise UnreadableInput("not a table: no delimiter (comma, tab, semicolon, |) parts its first lines into columns")
    return Grid(name="", rows=lambda: _rows(content, encoding, delimiter))


def is_table(head: bytes, name: str) -> bool:
    """True where the first bytes are plainly a delimited table: a header of words, and rows as wide as it."""
    encoding = encodings.of_head(head)
    if encoding is None:
        return False
    text = head.decode(encoding, "ignore").lstrip("\ufeff")
    if text.lstrip().startswith(_OTHERS):
        return False
    lines = text.splitlines()[: _SAMPLE + 1]
    if len(text) > 1_000 and not text.endswith("\n"):
        lines = lines[:-1] or lines
    delimiter = delimiter_of([line for line in lines if line.strip()], least=0.5)
    if delimiter is None:
        return False
    cells = _header_of(lines, delimiter)
    words = [cell for cell in cells if _is_word(cell)]
    few = 2 if len(lines) > 1 or name.endswith((".csv", ".tsv", ".txt", ".psv")) else 3
    return len(words) >= few and 10 * len(words) >= 8 * len(cells)


def delimiter_of(lines: list[str], *, least: float) -> str | None:
    """Return the delimiter that parts most of these lines into equally many columns, two or more.

    `least` is the share of lines (0 to 1) that must be so.
    """
    best: tuple[float, int, str] | None = None
    for delimiter in DELIMITERS:
        widths = [len(_parsed(line, delimiter)) for line in lines if line.strip()]
        broad = [width for width in widths if width > 1]
        if not broad:
            continue
        usual = max(set(broad), key=broad.count)
        share = broad.count(usual) / len(widths)
        if share >= least and (best is None or (share, usual) > best[:2]):
            best = (share, usual, delimiter)
    return best[2] if best else None


def _header_of(lines: list[str], delimiter: str) -> list[str]:
    rows = (_parsed(line, delimiter) for line in lines)
    return next((row for row in rows if sum(bool(cell.strip()) for cell in row) > 1), [])


def _is_word(cell: str) -> bool:
    stated = cell.strip()
    return 0 < len(stated) <= 100 and any(char.isalpha() for char in stated)


def _rows(content: Content, encoding: str, delimiter: str) -> Iterator[Row]:
    lines = _lines(content, encoding)
    waiting: list[str] = []
    number = 0
    while True:
        line = waiting.pop(0) if waiting else next(lines, None)
        if line is None:
            return
        number += 1
        if len(line) >= MAX_LINE:
            yield Row(number, [line[:_KEPT]], ("too_long", f"a line of more than {MAX_LINE:,} characters"))
        elif _DAMAGED in line:
            yield Row(number, _parsed(line, delimiter), ("bad_encoding", f"bytes that are not {encoding}"))
        elif '"' not in line:
            stripped = line.rstrip("\r\n")
            if stripped:
                yield Row(number, stripped.split(delimiter), None)
        else:
            cells, waiting = _quoted(line, lines, waiting, delimiter)
            yield Row(number, cells, None)


def _quoted(line: str, lines: Iterator[str], waiting: list[str], delimiter: str) -> tuple[list[str], list[str]]:
    """Return the cells of a record with quotes, and the lines that were looked at and are not part of it.

    A quoted field may hold line ends. One that is not closed in reach ends with its own line: what stands below is not
    swallowed.
    """
    taken, size, quotes = [line], len(line), line.count('"')
    while quotes % 2 and len(taken) <= _MAX_QUOTED_LINES and size <= MAX_LINE:
        more = waiting.pop(0) if waiting else next(lines, None)
        if more is None:
            break
        taken.append(more)
        size, quotes = size + len(more), quotes + more.count('"')
    try:
        return next(csv.reader(("".join(taken),), delimiter=delimiter, strict=True)), waiting
    except csv.Error:
        return _parsed(line, delimiter), taken[1:] + waiting


def _parsed(line: str, delimiter: str) -> list[str]:
    """Return the cells of one line by itself, quotes disregarded where the csv module refuses them."""
    stripped = line.rstrip("\r\n")
    if '"' in stripped:
        try:
            return next(csv.reader((stripped,), delimiter=delimiter), [])
        except csv.Error:
            pass
    return stripped.split(delimiter)


def _lines(content: Content, encoding: str) -> Iterator[str]:
    """Yield lines with their ends, each of at most MAX_LINE characters; the rest of a longer one is passed over."""
    with content.open() as file, io.TextIOWrapper(
        io.BufferedReader(file) if isinstance(file, io.RawIOBase) else file,
        encoding=encoding, errors="replace", newline="",
    ) as text:  # fmt: skip
        first = True
        while line := text.readline(MAX_LINE):
            yield line.lstrip("\ufeff") if first else line
            first = False
            while len(line) >= MAX_LINE and not line.endswith(("\n", "\r")):
                line = text.readline(MAX_LINE)
