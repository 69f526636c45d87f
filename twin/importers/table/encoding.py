"""In which encoding is this text, and which bytes are wrong in it?"""

import codecs
from typing import BinaryIO

from twin.errors import UnreadableInput
from twin.importers.content import Content

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ENOUGH = (
    12  # sound multi-byte characters after which a text is UTF-8 with a damaged byte; in GB18030 they end by chance
)
_FEW = 8  # damaged places in the head of a text that is otherwise UTF-8; another encoding has one in every line
_PIECE = 2**20


def of_head(head: bytes) -> str | None:
    """Return the encoding that the first bytes speak for, None where they are no text that is known here."""
    stated = _stated(head)
    if stated is not None:
        return stated
    if b"\x00" in head:
        return None
    if _is(head, "utf-8"):
        return "utf-8"
    if _is(head, "gb18030") and _looks_chinese(head):
        return "gb18030"
    return "utf-8" if _damage(head) <= _FEW else None


def of_content(content: Content, declared: str | None) -> str:
    """Return the encoding of a text: declared, by its byte order mark, UTF-8 if it is that, else GB18030.

    A text that is UTF-8 but for a few damaged bytes stays UTF-8: the rows with them are refused one by one.

    Raises:
        UnreadableInput: none of them; the message tells at which byte each ends.
    """
    if declared is not None:
        return declared
    stated = _stated(content.head)
    if stated is not None:
        return stated
    with content.open() as file:
        wrong, sound, _ = _scan(file, "utf-8")
    if wrong is None or sound >= _ENOUGH:
        return "utf-8"
    with content.open() as file:
        wrong_too, _, sample = _scan(file, "gb18030")
    if wrong_too is None and _is_common(sample):
        return "gb18030"
    if _damage(content.head) <= _FEW:
        return "utf-8"
    ends = f"wrong at byte {wrong_too}" if wrong_too is not None else "its characters make no Chinese"
    raise UnreadableInput(
        f"the text is not UTF-8 (wrong at byte {wrong}) and not GB18030 ({ends}); name its `encoding` in a mapping"
    )


def _is(head: bytes, encoding: str) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return False
    return True


def _looks_chinese(head: bytes) -> bool:
    return _is_common(_wide(head.decode("gb18030", "ignore")))


def _is_common(characters: str) -> bool:
    """True where most characters are of GB 2312: Latin-1 read as GB18030 gives rare ones."""
    common = sum(bool(each.encode("gb2312", "ignore")) for each in characters)
    return 2 * common >= len(characters)


def _damage(head: bytes) -> int:
    return head.decode("utf-8", "replace").count("\ufffd")


def _wide(text: str) -> str:
    return "".join(each for each in text if each > "\x7f")


def _stated(head: bytes) -> str | None:
    """Return the encoding that a byte order mark or the pattern of zero bytes states."""
    found = next((encoding for mark, encoding in _BOMS if head.startswith(mark)), None)
    if found is not None:
        return found
    sample = head[:2_000]
    if len(sample) >= 8 and b"\x00" in sample and not _begins_as_bytes(sample):
        even, odd = sample[0::2].count(0), sample[1::2].count(0)
        if odd > len(sample) // 20 and even == 0:
            return "utf-16-le"
        if even > len(sample) // 20 and odd == 0:
            return "utf-16-be"
    return None


def _begins_as_bytes(sample: bytes) -> bool:
    """True where the first line is plain one-byte text with a delimiter: zero bytes further down are damage."""
    first = sample.partition(b"\n")[0].rstrip(b"\r")
    return all(32 <= each < 127 or each == 9 for each in first) and any(
        each in first for each in (b",", b"\t", b";", b"|")
    )


def _scan(file: BinaryIO, encoding: str) -> tuple[int | None, int, str]:
    """Return at which byte the text ends to be of this encoding, how many wide characters came before, and some."""
    decoder = codecs.getincrementaldecoder(encoding)()
    done, sound, sample = 0, 0, ""
    while True:
        piece = file.read(_PIECE)
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            before = _wide(error.object[: error.start].decode(encoding, "ignore"))
            return done - pending + error.start, sound + len(before), sample
        if not text.isascii():
            wide = _wide(text)
            sound += len(wide)
            sample = sample if len(sample) > 10_000 else sample + wide[:10_000]
        done += len(piece)
        if not piece:
            return None, sound, sample
