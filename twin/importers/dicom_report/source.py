"""What all items of one report or segmentation share: where it comes from, its times, its text, its device."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from imaging.report import Code, Origin, PassedOver
from twin.importers.base import Item, Subject
from twin.record import moment
from twin.record.codes import OWN_FINDING
from twin.record.fact import Coding, FactDraft, KnownBasis
from twin.record.moment import Moment
from twin.record.timeline import Identifier

UCUM = "UCUM"
LOCAL = "urn:patient-twin:local:"
SNOMED_CT = "http://snomed.info/sct"
_SYSTEMS = {
    # DICOM PS3.16 section 8, table 8-1 (designators), as hl7.org/fhir/R4/terminologies-systems.html writes them
    "DCM": "http://dicom.nema.org/resources/ontology/DCM",
    "SCT": SNOMED_CT,
    "LN": "http://loinc.org",
    "UCUM": "http://unitsofmeasure.org",
    "RADLEX": "http://www.radlex.org",
    "FMA": "urn:oid:2.16.840.1.113883.6.119",
    "NCIt": "urn:oid:2.16.840.1.113883.3.26.1.1",
    "UMLS": "urn:oid:2.16.840.1.113883.6.86",
    "I10": "http://hl7.org/fhir/sid/icd-10",
    "I10C": "http://hl7.org/fhir/sid/icd-10-cm",
    "I9C": "http://hl7.org/fhir/sid/icd-9-cm",
    "99PTWIN": OWN_FINDING,  # as imaging/write names what was measured here, or at another site of ours
}


@dataclass(frozen=True, kw_only=True, slots=True)
class File:
    """One file being read; `zone` is the clock of times without an offset."""

    origin: Origin
    body: str = field(repr=False)
    zone: tzinfo

    @property
    def identifiers(self) -> tuple[Identifier, ...]:
        """The patient's number with its issuer; none where the file names nobody."""
        who = self.origin.patient
        if not who.patient_id:
            return ()
        system = f"urn:oid:{who.issuer}" if who.issuer_is_oid else LOCAL + who.issuer if who.issuer else ""
        return (Identifier(system=system, value=who.patient_id),)

    @property
    def patient_key(self) -> str:
        """The name of the patient within this source; empty where the file names nobody."""
        return next((f"patient/{each.system}|{each.value}" for each in self.identifiers), "")

    @property
    def subject(self) -> Subject:
        """Whom the items are about; nobody named where the file names nobody."""
        return Subject(keys=(self.patient_key,) if self.patient_key else (), identifiers=self.identifiers)

    @property
    def version_at(self) -> datetime | None:
        """When this version of the content was made."""
        made = self.at(self.origin.content_at)
        return made.end if made else None

    @property
    def sent_at(self) -> datetime | None:
        """The last instant at which the file can have been made: of a bare date, the end of the day."""
        stated = self.origin.content_at or self.origin.created_at
        made = self.at(stated)
        if made is None:
            return None
        return made.end if len(stated) > len("YYYYMMDD") else made.end + timedelta(days=1)

    @property
    def device(self) -> str | None:
        """Manufacturer, model and software of what made the report."""
        parts = (self.origin.manufacturer, self.origin.model, self.origin.software)
        return " ".join(part for part in parts if part) or None

    def at(self, stamp: str) -> Moment | None:
        """Return what a DICOM DT means, None where there is none or no such day."""
        try:
            return moment.of_digits(stamp, self.zone) if stamp else None
        except (ValueError, OverflowError):
            return None

    def known(self, observed: Moment, released: str) -> tuple[datetime, KnownBasis]:
        """Return when the content could be known: released, else written, else when it was true (assumed)."""
        stamps: tuple[tuple[str, KnownBasis], ...] = ((released, "issued"), (self.origin.created_at, "message"))
        for stamp, basis in stamps:
            stated = self.at(stamp)
            if stated is not None:
                return max(stated.end, observed.start), basis
        return observed.end, "observed"


def codings_of(code: Code) -> tuple[Coding, tuple[Coding, ...]]:
    """Return a code as received and, of an old SNOMED code, the SNOMED CT code that replaced it."""
    coding = Coding(system=_system(code), code=code.value, display=code.meaning)
    current = Coding(system=SNOMED_CT, code=code.snomed_ct, display=code.meaning)
    return coding, (current,) if code.snomed_ct and current != coding else ()


def coding_of(code: Code | None) -> Coding | None:
    """Return the coding that others are most likely to know: SNOMED CT where there is one."""
    if code is None:
        return None
    coding, others = codings_of(code)
    return others[0] if others else coding


def fingerprint(file: File, drafts: tuple[FactDraft, ...]) -> str:
    """Return the SHA-256 of what is stated, without where it stood and when it was released."""
    stated = [
        [d.kind, str(d.coding), str(d.other_codings), d.value_kind, d.value, str(d.value_coding), d.unit,
         d.observed_at.isoformat(), d.part, d.device, d.sd, d.status]
        for d in drafts
    ]  # fmt: skip
    return digest([file.patient_key, stated])


def unused(file: File, kind: str, passed: PassedOver) -> Item:
    """Return the item of what is in a file and becomes no fact, or no more than it was: counted, with the reason."""
    return Item(
        key=f"{kind}/{file.origin.sop_uid}/not_used/{digest(passed.reason)[:16]}",
        fingerprint=digest([passed.reason, passed.count]),
        kind="content item",
        where=f"{passed.path} ({passed.count})",
        not_used=passed.reason,
    )


def digest(content: object) -> str:
    """Return the SHA-256 of a JSON value, in hex."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _system(code: Code) -> str:
    known = _SYSTEMS.get(code.scheme)
    if known is not None:
        return known
    if code.scheme_uid:
        return f"urn:oid:{code.scheme_uid}"
    return LOCAL + code.scheme if code.scheme else ""
