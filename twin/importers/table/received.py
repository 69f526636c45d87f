"""How is a row kept as received, so that it reads to the same item again?"""

import csv
import hashlib
import io
from collections.abc import Sequence
from datetime import datetime

from twin.importers.base import PatientDraft
from twin.importers.table.facts import Times
from twin.record.fact import FactDraft


def line(cells: Sequence[str]) -> str:
    """Return cells as one line of comma separated values."""
    plain = ",".join(cells)
    if '"' not in plain and plain.count(",") == len(cells) - 1 and "\n" not in plain and "\r" not in plain:
        return plain
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(cells)
    return out.getvalue()


def fingerprint_of_text(*parts: str) -> str:
    """Return the SHA-256 of texts in their order."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def fingerprint_of_fact(draft: FactDraft, whose: str, coded: str, times: Times) -> str:
    """Return the SHA-256 of what a row means: its place, the file's other columns and their order don't count.

    So the same row in another export is the same item, and a row that a changed mapping reads otherwise a correction.
    """
    answer = f"{draft.value_coding.system}|{draft.value_coding.display}" if draft.value_coding else ""
    return fingerprint_of_text(
        draft.kind, whose, coded, draft.value_kind, draft.value or "", answer,
        draft.comparator or "", draft.unit or "", draft.status, times.text,
    )  # fmt: skip


def fingerprint_of_patient(draft: PatientDraft, whose: str, died: datetime | None) -> str:
    """Return the SHA-256 of what a row says of a person."""
    return fingerprint_of_text(
        draft.name, draft.sex, str(draft.birth_date or ""), str(died or ""), whose
    )  # fmt: skip
