"""What does a VCF file say of one person? Its records in one pass, then the panel, then the scores."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

from twin.errors import UnreadableInput
from twin.importers.base import Context, Item, Subject
from twin.importers.content import Content
from twin.importers.vcf import facts, items
from twin.importers.vcf.calls import PanelCalls
from twin.importers.vcf.header import read_header
from twin.importers.vcf.names import build_of_names
from twin.importers.vcf.record import Line, Malformed
from twin.importers.vcf.source import Broken, lines
from twin.record.genome.builds import BUILDS, Build
from twin.record.genome.scoring import ScoringFile
from twin.record.genome.tally import Tallies
from twin.record.timeline import Identifier

SAMPLE = "urn:patient-twin:sample"
_OUTSIDE = "outside the panel"
_SCORED = "outside the panel; looked at for polygenic scores"
_UNPLACED = "no place in the panel: the genome build is not known"
_NOBODY = "a file without people: no genotypes"


def read(content: Content, context: Context) -> Iterator[Item]:
    """Yield the items of a VCF file; memory stays the same whatever its length.

    Raises:
        UnreadableInput: no VCF, or no one person is meant.
        UnsupportedVersion: VCF 3 or 4.0.
    """
    with closing(lines(content)) as numbered:
        yield from _read(content, context, numbered)


def _read(content: Content, context: Context, numbered: Iterator[tuple[int, bytes | None]]) -> Iterator[Item]:
    try:
        header = read_header(numbered, context)
    except Broken as error:
        raise UnreadableInput(str(error)) from None
    if header.build is None and header.column is not None:
        header = replace(header, build=build_of_names(content))
    who = header.sample or ""
    named = (Identifier(system=SAMPLE, value=who),) if who and context.patient is None else ()
    reading = items.Reading(
        header=header, who=who, subject=Subject(identifiers=named), when=facts.When.of(header, context.now)
    )
    build = next((each for each in BUILDS if each == header.build), None)
    if build is None or header.column is None:
        yield from _unplaced(reading, numbered)
        return
    calls = PanelCalls(build)
    tallies = Tallies((known for known in context.knowledge if isinstance(known, ScoringFile)), build)
    yield from _records(reading, numbered, calls, tallies)
    yield from _panel(reading, calls, build)
    for tally in tallies.tallies:
        yield items.score(reading, tally, build)


def _records(
    reading: items.Reading, numbered: Iterator[tuple[int, bytes | None]], calls: PanelCalls, tallies: Tallies
) -> Iterator[Item]:
    """Yield every record that is no evidence for the panel, and take in those that are."""
    number, has_scores = 0, bool(tallies)
    try:
        for number, raw in numbered:
            if raw is None or not raw.strip():
                if raw is None:
                    yield items.malformed(reading, number, b"", "a line longer than any record")
                continue
            try:
                line = Line(raw, reading.header)
                line.check_genotype()
                concerned = calls.concerned(line)
                is_scored = has_scores and tallies.may_have(line.contig, line.position, line.name)
                site = line.site() if concerned or is_scored else None
            except Malformed as error:
                yield items.malformed(reading, number, raw, str(error))
                continue
            is_scored = site is not None and is_scored and tallies.take(site)
            if site is None or not concerned or not calls.take(concerned, line, site, number):
                yield items.not_used(reading, number, line, raw, _SCORED if is_scored else _OUTSIDE)
    except Broken as error:
        yield items.broken(reading, number + 1, str(error))


def _unplaced(reading: items.Reading, numbered: Iterator[tuple[int, bytes | None]]) -> Iterator[Item]:
    """Yield the records of a file that nothing can be read from, having said why."""
    header, number = reading.header, 0
    if header.column is not None:
        yield items.no_build(reading)
    try:
        for number, raw in numbered:
            if raw is not None and not raw.strip():
                continue
            try:
                if raw is None:
                    raise Malformed("a line longer than any record")
                line = Line(raw, header)
                line.check_genotype()
            except Malformed as error:
                yield items.malformed(reading, number, raw or b"", str(error))
                continue
            yield items.not_used(reading, number, line, raw, _UNPLACED if header.column is not None else _NOBODY)
    except Broken as error:
        yield items.broken(reading, number + 1, str(error))


def _panel(reading: items.Reading, calls: PanelCalls, build: Build) -> Iterator[Item]:
    found = {call.variant.rsid: call for call in calls.calls()}
    for call in found.values():
        yield items.called(reading, call, build)
    pair = items.diplotype(reading, found)
    if pair is not None:
        yield pair
    missing = calls.not_called()
    if missing:
        told = f"no call at {len(missing)} panel positions: {', '.join(missing)}"
        yield Item(
            key=f"panel/{reading.who}",
            fingerprint=items.hash_of(told),
            kind="Panel",
            where="whole file",
            subject=reading.subject,
            not_used=told,
        )
