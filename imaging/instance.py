"""One DICOM file as it names itself: what must be known of it to keep it. Read by `receive.instance`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from imaging.volume import Provenance


@dataclass(frozen=True, kw_only=True, slots=True)
class Instance:
    """What a file says of itself; empty UIDs where it names none.

    `tags` are those of study and series, as DICOM JSON (PS3.18 F.2); `content_sha256` is of the data set without the
    file meta information, which every system writes anew.
    """

    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    content_sha256: str
    modality: str | None
    is_report: bool
    instance_number: int | None
    rows: int | None
    columns: int | None
    frames: int | None
    issuer: str | None
    said: Provenance
    tags: Mapping[str, Any]


def is_dicom(head: bytes) -> bool:
    """Say by its first bytes whether a file is DICOM: DICM after the preamble, or a bare data set of group 0008."""
    return head[128:132] == b"DICM" or head[:2] == b"\x08\x00"
