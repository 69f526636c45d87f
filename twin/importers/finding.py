"""Is a statement of another system one of our findings: which one, present or absent, how large, and where?

What comes in is a fact as its importer reads it; what goes out is a `finding` under our own key, beside which the codes
stand as received. Only codes and exact names are read (`imaging.catalogue`), never sentences: what denies, contradicts
itself or is called otherwise gets no key and stays as it was.

A finding's value is how large it is, where that is stated (it is present then), else one of `VERDICTS`; the answer as
received stands beside it.
"""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal, get_args

from imaging.catalogue import denies, key_for, places_named
from twin.record.codes import LOINC, OWN_FINDING, SNOMED, same_system
from twin.record.fact import Coding, FactDraft

Verdict = Literal["present", "absent", "not_evaluated", "undetermined"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
DCM = "http://dicom.nema.org/resources/ontology/DCM"
NO_KEY = "a finding that none of our keys means: kept as it was"

_ANSWERS: dict[tuple[str, str], Verdict] = {  # DICOM PS3.16 CID 230, 240, annex D; LOINC answer lists LL361-7, LL360-9
    (SNOMED, "52101004"): "present", (SNOMED, "373066001"): "present", (SNOMED, "10828004"): "present",
    (DCM, "121053"): "present", (LOINC, "LA9633-4"): "present", (LOINC, "LA33-6"): "present",
    (SNOMED, "272519000"): "absent", (SNOMED, "2667000"): "absent", (SNOMED, "410516002"): "absent",
    (SNOMED, "373067005"): "absent", (SNOMED, "260385009"): "absent", (DCM, "121054"): "absent",
    (LOINC, "LA9634-2"): "absent", (LOINC, "LA32-8"): "absent",
    (SNOMED, "373121007"): "not_evaluated",
    (SNOMED, "373068000"): "undetermined", (SNOMED, "82334004"): "undetermined", (SNOMED, "42425007"): "undetermined",
    (SNOMED, "261665006"): "undetermined", (DCM, "121059"): "undetermined",
}  # fmt: skip
_WORDS: dict[str, Verdict] = {
    "present": "present", "yes": "present", "true": "present", "positive": "present",
    "absent": "absent", "no": "absent", "false": "absent", "negative": "absent", "not present": "absent",
    "not evaluated": "not_evaluated", "not assessed": "not_evaluated", "not_evaluated": "not_evaluated",
    "undetermined": "undetermined", "indeterminate": "undetermined", "equivocal": "undetermined",
}  # fmt: skip
_ASKS_WHAT = frozenset(  # questions whose answer is itself the finding
    {
        (DCM, "121071"),  # Finding
        (SNOMED, "404684003"),  # Clinical finding
        (SNOMED, "276214006"),  # Finding category, PS3.16 TID 1411
        (LOINC, "59776-5"),  # Procedure findings
        (LOINC, "18782-3"),  # Radiology study observation
    }
)
_SIZES = ("103339001", "131187009", "81827009", "410668003", "118565006")
"""Long or major axis, diameter, length, volume (SNOMED CT, as DICOM PS3.16 CID 7470 and 7472 have them), best first."""
_SIZE_UNIT = re.compile(r"^(?:mm|cm|mL|ml|cm3|mm3)\Z")


def named(
    draft: FactDraft, *, sites: Iterable[Coding] = (), side: Coding | None = None, is_asserted: bool = False
) -> FactDraft | None:
    """Return what a fact states as a finding under our own key; None where it states none that we can name.

    Args:
        sites, side: where in the body it is said to be.
        is_asserted: naming it without an answer says that it is there (a report's Finding, a segment, a diagnosis).
    """
    sites = tuple(sites)
    places = frozenset(place for each in sites for place in places_named(each.system, each.code, each.display))
    told = (draft.coding, *draft.other_codings)
    key = _key(told, places)
    verdict = verdict_of(draft) if key is not None else None
    if key is None and draft.value_coding is not None and {(same_system(c.system), c.code) for c in told} & _ASKS_WHAT:
        key, verdict = _key((draft.value_coding,), places), "present"
        told = (draft.value_coding, *told)
        draft = replace(draft, value_kind="none", value=None, value_coding=None)
    elif verdict is None and is_asserted and draft.value_kind == "none" and draft.value_coding is None:
        verdict = "present"
    if key is None or verdict is None:
        return None
    if draft.value_kind != "number":
        draft = replace(draft, value_kind="code", value=verdict)
    where = " ".join(each.display.lower() for each in (side, *sites) if each is not None and each.display)
    words = told[0].display or key.replace("_", " ")
    shown = Coding(system=OWN_FINDING, code=key, display=f"{words}, {where}" if where else words)
    return replace(draft, kind="finding", coding=shown, other_codings=tuple(c for c in told if c.system != OWN_FINDING))


def sized(finding: FactDraft, beside: Iterable[FactDraft]) -> FactDraft:
    """Return a finding that is present with its size as value, where one was measured beside it."""
    if finding.value != "present":
        return finding
    sizes: dict[str, FactDraft] = {}
    for draft in beside:
        if draft.kind == "observation" and draft.value_kind == "number" and verdict_of(draft) == "present":
            for each in (draft.coding, *draft.other_codings):
                if same_system(each.system) == SNOMED:
                    sizes.setdefault(each.code, draft)
    size = next((sizes[code] for code in _SIZES if code in sizes), None)
    if size is None:
        return finding
    return replace(finding, value_kind="number", value=size.value, unit=size.unit, sd=size.sd)


def answers_a_finding(draft: FactDraft) -> bool:
    """Whether an answer says that something is there or not, or is itself what was found, whatever it is called."""
    if (same_system(draft.coding.system), draft.coding.code) in _ASKS_WHAT:
        return draft.value_coding is not None
    return draft.value_kind == "code" and verdict_of(draft) is not None


def verdict_of(draft: FactDraft) -> Verdict | None:
    """Return what an answer says of the finding that was asked for; None where it answers something else.

    A length or volume above nothing is that of something present. An absent value was not evaluated.
    """
    if draft.value_kind == "number":
        is_size = draft.unit is not None and _SIZE_UNIT.match(draft.unit) and not draft.comparator
        return "present" if is_size and draft.value is not None and float(draft.value) > 0 else None
    if draft.value_kind == "none":
        return None if draft.value_coding is None else "not_evaluated"
    coding = draft.value_coding
    if coding is not None and coding.code and (found := _ANSWERS.get((same_system(coding.system), coding.code))):
        return found
    words = (coding.display if coding is not None else None) or draft.value or ""
    return _WORDS.get(words.strip().casefold())


def _key(codings: Iterable[Coding], places: frozenset[str]) -> str | None:
    """Return the one key that codings mean; those of two keys contradict each other, as one does that denies."""
    codings = tuple(codings)
    if any(denies(each.display) for each in codings):
        return None
    found = {key_for(same_system(each.system), each.code, each.display, places) for each in codings} - {None}
    return found.pop() if len(found) == 1 else None
