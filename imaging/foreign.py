"""What lies here instead of CT images? Said by kind, so that a person knows what to hand in."""

from collections import Counter

from imaging.archive import ARCHIVES

NIFTI, NRRD = "NIfTI", "NRRD"
_BY_MAGIC = (
    (b"NRRD", NRRD),
    (b"PK\x03\x04", "archive within, which is not opened"),
    (b"7z\xbc\xaf", "archive of a kind that is not opened (7z)"),
    (b"Rar!", "archive of a kind that is not opened (RAR)"),
    (b"%PDF", "PDF"),
    (b"\x89PNG", "picture"),
    (b"\xff\xd8\xff", "picture"),
)


def kind_of(head: bytes, name: str) -> str:
    """Return what a file that is no DICOM is, by its first 352 bytes; a packed one by its name."""
    if head[344:348] in (b"n+1\0", b"ni1\0") or head[4:8] in (b"n+2\0", b"ni2\0"):
        return NIFTI
    for magic, kind in _BY_MAGIC:
        if head.startswith(magic):
            return kind
    if head.startswith(b"\x1f\x8b"):
        return NIFTI if name.lower().endswith(".nii.gz") else "packed file, which is not opened"
    return "empty file" if not head else "other file"


def no_ct(dicom: Counter[str], others: Counter[str], passed_over: Counter[str], unread: list[str], missing: int) -> str:
    """Return why no CT was found: DICOM of other modalities, files of other kinds, what was not looked into."""
    there = ", ".join(f"{count} x {modality}" for modality, count in sorted(dicom.items()))
    parts = [f"other DICOM: {there or 'none'}"]
    if others:
        parts.append("no DICOM: " + ", ".join(f"{count} x {kind}" for kind, count in sorted(others.items())))
    parts += [f"{count} {what}" for what, count in sorted(passed_over.items()) if count]
    if unread:
        parts.append(f"not readable: {', '.join(unread[:5])}")
    if missing:
        parts.append(f"missing: {missing} file(s) that the DICOMDIR names")
    if not (dicom or others or unread or missing or passed_over.total()):
        parts.append(f"the folder or archive is empty ({', '.join(ARCHIVES)} and folders are opened)")
    named = [kind for kind in (NIFTI, NRRD) if others[kind]]
    hint = f"; to read a {' or '.join(named)} file, name the file itself" if named else ""
    return f"there is no CT image here ({'; '.join(parts)}){hint}"
