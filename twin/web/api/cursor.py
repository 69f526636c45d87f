"""Where does the next page begin? A cursor is opaque to the caller: what it holds may change with the sort order."""

import base64
import binascii
import json

from twin.web.errors import BadRequest


def pack(*parts: str) -> str:
    """Return the sort key of the last row seen as one word for an address.

    Example:
        >>> unpack(pack("wang", "7"), 2)
        ('wang', '7')
    """
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def unpack(cursor: str, size: int) -> tuple[str, ...]:
    """Return what `pack` put in.

    Raises:
        BadRequest: this is no cursor of ours.
    """
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError) as error:
        raise BadRequest("`after` is not a cursor of this list") from error
    if not isinstance(parts, list) or len(parts) != size or not all(_is_plain(part) for part in parts):
        raise BadRequest("`after` is not a cursor of this list")
    return tuple(parts)


def _is_plain(part: object) -> bool:
    """True for text that a database takes: no NUL and no half of a surrogate pair."""
    return isinstance(part, str) and "\x00" not in part and part.isprintable()
