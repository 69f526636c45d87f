"""The organs the twin follows, in display order."""

from twin.errors import UnknownKey
from twin.organs.base import Organ
from twin.organs.kidney import ORGAN as KIDNEY
from twin.organs.liver import ORGAN as LIVER
from twin.organs.lung import ORGAN as LUNG
from twin.organs.pancreas import ORGAN as PANCREAS
from twin.organs.vascular import ORGAN as VASCULAR

ORGANS: tuple[Organ, ...] = (
    LIVER,
    VASCULAR,
    LUNG,
    PANCREAS,
    KIDNEY,
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
