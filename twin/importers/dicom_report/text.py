"""How does a DICOM file stand in the text of a quarantined item, and how does it come back? (RFC 2397)"""

import base64
import binascii

AS_TEXT = "data:application/dicom;base64,"
"""What such a text begins with; it is read like the file itself."""


def is_text(head: bytes) -> bool:
    """Say by its first bytes whether this is the text form of a DICOM file."""
    return head.startswith(AS_TEXT.encode())


def text_of(file: bytes) -> str:
    """Return a DICOM file as text."""
    return AS_TEXT + base64.b64encode(file).decode("ascii")


def file_of(text: bytes) -> bytes | None:
    """Return the DICOM file that a text holds; None where the text is damaged."""
    try:
        return base64.b64decode(text[len(AS_TEXT) :], validate=True)
    except (binascii.Error, ValueError):
        return None


def beginning_of(head: bytes) -> bytes:
    """Return the first bytes of a file by the first bytes of its text form; nothing where they are damaged."""
    whole = (len(head) - len(AS_TEXT)) // 4 * 4
    return file_of(head[: len(AS_TEXT) + whole]) or b""
