"""The items of a VCF file: what each is called, what it rests on, and what is kept of it."""

import hashlib
from dataclasses import dataclass

from twin.importers.base import Item, Reject, Subject
from twin.importers.vcf import facts
from twin.importers.vcf.calls import Call
from twin.importers.vcf.header import Header
from twin.importers.vcf.record import Line
from twin.record.fact import Absent, FactDraft
from twin.record.genome import apoe
from twin.record.genome.builds import Build
from twin.record.genome.tally import Tally

_REJECTED = frozenset({"wrong_place", "reference_mismatch", "conflicting_calls"})
_MAX_BODY = 100_000  # characters of a record that are kept with its item


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """One file being read: whose it is and when it was made."""

    header: Header
    who: str
    subject: Subject
    when: facts.When


def called(reading: Reading, call: Call, build: Build) -> Item:
    key = f"variant/{reading.who}/{call.variant.rsid}"
    where = facts.places(call.evidence)
    told = f"{call.variant.rsid}|{build}|" + "|".join(
        f"{each.site.ref}>{','.join(each.site.alts)}:{facts.genotype(each)}" for each in call.evidence
    )
    drafts: tuple[FactDraft, ...] = ()
    reject = not_used = None
    if isinstance(call.zygosity, str):
        drafts = (facts.variant(call, call.zygosity, build, reading.when, key),)
    elif call.zygosity.reason in _REJECTED:
        reject = Reject(where=where, reason=call.zygosity.reason, detail=call.zygosity.detail)
    else:
        not_used = f"{call.variant.rsid}: {call.zygosity.detail}"
    return Item(
        key=key,
        fingerprint=hash_of(f"{told}|{facts.status(call.evidence)}"),
        kind="Variant",
        where=where,
        subject=reading.subject,
        facts=drafts,
        reject=reject,
        not_used=not_used,
        sent_at=reading.header.made_at,
        body=_body(reading.header, [each.text for each in call.evidence]),
    )


def diplotype(reading: Reading, found: dict[str, Call]) -> Item | None:
    """Return the item of the APOE genotype, None where neither variant was called."""
    both = [found[rsid] for rsid in (apoe.FIRST, apoe.SECOND) if rsid in found]
    if not both:
        return None
    bases = {call.variant.rsid: _bases(call) for call in both if isinstance(call.zygosity, str)}
    pair = apoe.diplotype(bases.get(apoe.FIRST), bases.get(apoe.SECOND))
    evidence = tuple(call.evidence[0] for call in both)
    key = f"apoe/{reading.who}"
    draft = None if isinstance(pair, Absent) else facts.apoe(pair, both, reading.when, key)
    return Item(
        key=key,
        fingerprint=hash_of(
            "|".join((str(pair), *(facts.genotype(each) for each in evidence), facts.status(evidence)))
        ),
        kind="Diplotype",
        where=facts.places(evidence),
        subject=reading.subject,
        facts=(draft,) if draft else (),
        not_used=f"APOE: {pair.detail}" if isinstance(pair, Absent) else None,
        sent_at=reading.header.made_at,
        body=_body(reading.header, [each.text for each in evidence]),
    )


def _bases(call: Call) -> apoe.Bases:
    chosen = call.evidence[0]
    letters = {"ref": call.variant.ref, "alt": call.variant.alt}
    return apoe.Bases(
        each=tuple(letters.get(kind or "", "") for kind in chosen.copies),
        is_phased=chosen.site.is_phased,
        phase_set=chosen.site.phase_set,
    )


def score(reading: Reading, tally: Tally, build: Build) -> Item:
    total = tally.total()
    key = f"score/{reading.who}/{tally.score.id}"
    draft = None if isinstance(total, Absent) else facts.score(tally, total, build, reading.when, key)
    return Item(
        key=key,
        fingerprint=hash_of(f"{tally.score.sha256}|{build}|{total!r}|{tally.counts()}"),
        kind="PolygenicScore",
        where="whole file",
        subject=reading.subject,
        facts=(draft,) if draft else (),
        not_used=f"polygenic score {tally.score.id}: {total.detail}" if isinstance(total, Absent) else None,
        sent_at=reading.header.made_at,
    )


def no_build(reading: Reading) -> Item:
    build = reading.header.build
    reason, detail = {
        None: ("unknown_build", "the header names no genome build; say which (twin import --mapping GRCh37 or GRCh38)"),
        "several": ("contradicting_builds", "the header names more than one genome build"),
    }.get(build, ("unsupported_build", f"{build}; this instance takes GRCh37 and GRCh38"))
    return Item(
        key=f"genome/{reading.who}",
        fingerprint=hash_of(f"{reason}|{reading.who}"),
        kind="Genome",
        where="header",
        subject=reading.subject,
        reject=Reject(where="header", reason=reason, detail=detail),
        body=_body(reading.header, []),
    )


def not_used(reading: Reading, number: int, line: Line, raw: bytes, why: str) -> Item:
    return Item(
        key=_key(reading, f"{line.contig}:{line.position}:{line.ref}:{line.alt}"),
        fingerprint=hashlib.sha256(raw).hexdigest(),
        kind="Record",
        where=f"line {number}",
        subject=reading.subject,
        not_used=why,
    )


def malformed(reading: Reading, number: int, raw: bytes, why: str) -> Item:
    fingerprint = hashlib.sha256(raw or str(number).encode()).hexdigest()
    return Item(
        key=f"record/{reading.who}/{fingerprint}",
        fingerprint=fingerprint,
        kind="Record",
        where=f"line {number}",
        subject=reading.subject,
        reject=Reject(where=f"line {number}", reason="invalid", detail=why),
        body=_body(reading.header, [_one_person(raw.decode("latin-1"), reading.header)]),
    )


def broken(reading: Reading, number: int, why: str) -> Item:
    where = f"line {number}"
    return Item(
        key=f"end/{reading.who}",
        fingerprint=hash_of(f"{where}|{why}"),
        kind="Genome",
        where=where,
        subject=reading.subject,
        reject=Reject(where=where, reason="truncated", detail=why),
    )


def _key(reading: Reading, name: str) -> str:
    return f"record/{reading.who}/{name if len(name) <= 200 else hash_of(name)}"


def _body(header: Header, records: list[str]) -> str:
    """Return a VCF that holds these records only, "" where they are too long to be kept."""
    text = "\n".join((*header.kept, *(_as_utf8(record) for record in records), ""))
    return text if len(text) <= _MAX_BODY else ""


def _one_person(text: str, header: Header) -> str:
    """Return a line that could not be read without the columns of other people."""
    if header.column is None or header.columns <= 10:
        return text
    fields = text.split("\t")
    return "\t".join([*fields[:9], *fields[header.column : header.column + 1]])


def _as_utf8(text: str) -> str:
    return text.encode("latin-1").decode("utf-8", "replace").replace("\x00", "\ufffd")


def hash_of(text: str) -> str:
    """Return the SHA-256 of a text, in hex."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
