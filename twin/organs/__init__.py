"""The organs the twin follows, in display order."""

from twin.errors import UnknownKey
from twin.organs.base import Organ
from twin.organs.liver import ORGAN as LIVER
from twin.organs.vascular import ORGAN as VASCULAR

ORGANS: tuple[Organ, ...] = (
    LIVER,
    VASCULAR,
)


def organ(key: str) -> Organ:
    """Return one organ.

    Raises:
        UnknownKey: there is none of this key.
    """
    found = next((item for item in ORGANS if item.key == key), None)
    if found is None:
        raise UnknownKey(f"no organ {key!r}")
    return found


__all__ = ["ORGANS", "Organ", "organ"]
