"""In which characters is a message written? (MSH-18, HL7 table 0211)"""

import codecs
import re
from functools import lru_cache

from twin.importers.hl7v2.grammar import NULL

BOM = b"\xef\xbb\xbf"
_TABLE_0211 = {
    "ASCII": "utf-8",  # many systems name ASCII and send UTF-8, which holds it
    "UNICODE": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "UTF8": "utf-8",
    "GB 18030-2000": "gb18030",
    "GB18030": "gb18030",
    "GB2312": "gb18030",  # a subset
    "GBK": "gb18030",  # a subset
    "BIG-5": "big5",
    "CNS 11643-1992": "big5",
    "ISO IR87": "iso2022_jp",
    "ISO IR159": "iso2022_jp_1",
    "KS X 1001": "euc_kr",
}


class WrongEncoding(Exception):
    """The bytes are not in the characters that the message names."""


def declared(line: bytes) -> str | None:
    """Return the Python codec that an MSH line names in MSH-18, None where it names none.

    Raises:
        WrongEncoding: a character set that is not taken.
    """
    if line.isascii():
        fields = line.split(line[3:4], 18)
        return _named(fields[17], fields[1]) if len(fields) > 17 and fields[17] else None
    for codec in ("latin-1", "gb18030"):  # a byte of a Chinese name may look like a delimiter
        fields = line.decode(codec, "replace").encode().split(line[3:4], 18)
        try:
            return _named(fields[17], fields[1]) if len(fields) > 17 and fields[17] else None
        except WrongEncoding:
            if codec == "gb18030":
                raise
    return None


def decode(lines: list[bytes], codec: str | None, *, has_bom: bool) -> tuple[list[str], str]:
    """Return a message's lines and the codec they were read by: a byte order mark decides, then MSH-18, then UTF-8.

    Raises:
        WrongEncoding: the bytes are not in the named characters.
    """
    named = "utf-8" if has_bom else codec
    for each in (named,) if named is not None else ("utf-8", "latin-1"):
        try:
            return [line.decode(each) for line in lines], each
        except UnicodeDecodeError:
            continue
    raise WrongEncoding(f"not {named}, as the message says it is")


@lru_cache(maxsize=64)
def _named(field: bytes, encoding: bytes) -> str | None:
    stops = re.escape(encoding.decode("latin-1")[:2])
    name = re.split(f"[{stops}]" if stops else "$^", field.decode("latin-1"), maxsplit=1)[0].strip().upper()
    found = _codec(name)
    if name and name != NULL and found is None:
        raise WrongEncoding("a character set (MSH-18) that is not taken")
    return found


def _codec(name: str) -> str | None:
    if name in _TABLE_0211:
        return _TABLE_0211[name]
    if (
        name.startswith(("8859/", "ISO-8859-", "ISO8859-"))
        and name.rpartition("/" if "/" in name else "-")[2].isdigit()
    ):
        name = f"iso8859_{name.rpartition('/' if '/' in name else '-')[2]}"
    try:
        found = codecs.lookup(name) if name else None
    except (LookupError, ValueError):
        return None
    if found is None or not found._is_text_encoding or found.name.startswith(("utf-16", "utf-32", "utf-7", "idna")):
        return None  # HL7 v2 is read byte by byte up to its delimiters; a wider encoding can't be
    return found.name
