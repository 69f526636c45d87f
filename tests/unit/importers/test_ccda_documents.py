"""Documents as a whole: the patient, names of items, sections without facts, bodies that read again."""

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.unit.importers.ccda_documents import (
    CONTEXT,
    NAMESPACES,
    PERSON,
    PROBLEMS,
    RESULTS,
    SOCIAL,
    concern,
    document,
    during,
    facts,
    items,
    problem,
    result,
    section,
    statement,
)  # fmt: skip
from twin.importers.base import Item
from twin.importers.ccda import IMPORTER
from twin.record.timeline import Identifier


def value(digits: str) -> str:
    return f'<value xsi:type="PQ" value="{digits}" unit="mg/dL"/>'


def named(identifier: str, digits: str = "1", **more: str) -> str:
    return result(value(digits), more=f'<id root="9.9" extension="{identifier}"/>', **more)


def stated(content: str) -> list[Item]:
    return [item for item in items(content) if item.facts and item.patient is None]


def reasons(content: str) -> list[str | None]:
    return [item.not_used for item in items(content) if item.patient is None]


class TestPatient:
    def test_the_header_names_the_patient_before_the_facts(self) -> None:
        first, second = items(document(section(RESULTS, result(value("1")))))
        assert first.patient is not None
        assert (first.patient.name, first.patient.sex, first.patient.birth_date) == (
            "Prüfung, Frieda",
            "female",
            date(1960, 5, 4),
        )
        assert first.patient.identifiers == (Identifier(system="urn:oid:1.2.3", value="7"),)
        assert second.subject is not None
        assert second.subject.keys[0] in first.aliases

    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ('<id root="a-b"/>', (Identifier(system="urn:ietf:rfc3986", value="a-b"),)),
            ('<id root="1.2" nullFlavor="UNK" extension="x"/>', ()),
            ('<id extension="x"/>', ()),
            (
                '<id root="2.16.840.1.113883.4.1" extension="1"/>',
                (Identifier(system="http://hl7.org/fhir/sid/us-ssn", value="1"),),
            ),
        ],
    )
    def test_identifiers_are_root_and_extension(self, given: str, expected: tuple[Identifier, ...]) -> None:
        (found,) = items(document(person=f"<recordTarget><patientRole>{given}</patientRole></recordTarget>"))
        assert found.patient is not None
        assert found.patient.identifiers == expected

    def test_a_birth_year_alone_is_no_birth_date(self) -> None:
        (found,) = items(document(person=PERSON.replace("19600504", "1960")))
        assert found.patient is not None
        assert found.patient.birth_date is None

    def test_a_birth_day_that_is_none_is_refused(self) -> None:
        (found,) = items(document(person=PERSON.replace("19600504", "19601304")))
        assert found.reject is not None
        assert found.reject.reason == "impossible_date"

    @pytest.mark.parametrize(
        ("told", "died"),
        [
            ('<sdtc:deceasedInd value="true"/><sdtc:deceasedTime value="20200105"/>', datetime(2020, 1, 5, tzinfo=UTC)),
            ('<sdtc:deceasedInd value="true"/>', datetime(2020, 3, 1, tzinfo=UTC)),
        ],
    )
    def test_a_death_is_told_even_without_its_date(self, told: str, died: datetime) -> None:
        (found,) = facts(document(person=PERSON.replace("</patient>", told + "</patient>")))
        assert (found.kind, found.observed_at) == ("death", died)

    def test_a_document_of_two_patients_is_refused_with_every_entry(self) -> None:
        second = PERSON.replace('extension="7"', 'extension="8"')
        found = items(document(section(RESULTS, result(value("1"))), person=PERSON + second))
        assert [item.reject.reason for item in found if item.reject] == ["two_patients"] * 3

    def test_an_entry_without_its_document_has_no_patient(self) -> None:
        (found,) = items(named("1"))
        assert found.subject is None
        assert found.facts


class TestTimes:
    def test_a_document_of_a_day_was_sent_by_the_end_of_it_where_it_was_made(self) -> None:
        context = replace(CONTEXT, zone=ZoneInfo("Asia/Shanghai"))
        (found,) = items(document(), context)
        assert found.sent_at == datetime(2020, 3, 1, 15, 59, 59, tzinfo=UTC)

    def test_a_document_time_that_is_none_is_told(self) -> None:
        found = items(document(made="-08"))
        assert [item.not_used for item in found if item.not_used] == ["the document's own time can't be read"]


class TestKeys:
    def test_a_corrected_value_has_the_same_key_and_another_content(self) -> None:
        first, second = (stated(document(section(RESULTS, named("1", digits))))[0] for digits in ("1", "2"))
        assert first.key == second.key
        assert first.fingerprint != second.fingerprint

    def test_the_same_entry_in_a_later_document_is_the_same_item(self) -> None:
        first, second = (stated(document(section(RESULTS, named("1")), made=made))[0] for made in ("20200301", "2021"))
        assert (first.key, first.fingerprint) == (second.key, second.fingerprint)
        assert first.version_at is not None
        assert second.version_at is not None
        assert first.version_at < second.version_at

    def test_spaces_and_comments_are_no_content(self) -> None:
        plain = document(section(RESULTS, named("1")))
        spaced = plain.replace("><", "> <!-- x -->\n <")
        assert stated(plain)[0].fingerprint == stated(spaced)[0].fingerprint

    def test_two_patients_with_the_ids_of_one_example_are_kept_apart(self) -> None:
        other = PERSON.replace('extension="7"', 'extension="8"')
        first, second = (stated(document(section(RESULTS, named("1")), person=each))[0] for each in (PERSON, other))
        assert first.key != second.key

    def test_entries_that_share_an_id_are_kept_apart(self) -> None:
        shared = '<id root="9.9"/>'
        found = stated(
            document(
                section(
                    PROBLEMS,
                    concern(problem("44054006", time=during("2015"), more=shared)),
                    concern(problem("38341003", time=during("2015"), more=shared)),
                    concern(problem("38341003", time=during("2015", "2016"), more=shared)),
                )
            )
        )
        assert len({item.key for item in found}) == 3

    def test_an_entry_without_an_id_is_named_by_code_and_time(self) -> None:
        first, second = (stated(document(section(RESULTS, result(value(digits)))))[0] for digits in ("1", "2"))
        assert first.key == second.key


class TestSections:
    def test_a_narrative_only_section_is_reported(self) -> None:
        assert reasons(document(section(PROBLEMS, text="Sugar, since long"))) == ["problems: narrative only"]

    def test_a_section_of_no_information_says_so(self) -> None:
        given = section(PROBLEMS, text="none").replace("<section>", '<section nullFlavor="NI">')
        assert reasons(document(given)) == ["problems: no information (nullFlavor NI)"]

    def test_a_section_that_the_record_has_no_kind_for_is_named(self) -> None:
        given = statement("substanceAdministration", "52", "")
        assert reasons(document(section("11369-6", given))) == ["immunizations: the record has no kind of fact for it"]

    def test_an_unknown_section_is_named_by_its_code(self) -> None:
        assert reasons(document(section("99999-9", result(value("1"))))) == [
            "unknown section 99999-9: not known to this importer"
        ]

    @pytest.mark.parametrize("extension", ["", ' extension="2015-08-01"'])
    def test_a_section_is_known_by_its_template_of_either_release(self, extension: str) -> None:
        head = f'<templateId root="2.16.840.1.113883.10.20.22.2.3.1"{extension}/>'
        untemplated = named("1").replace('<templateId root="2.16.840.1.113883.10.20.22.4.2"/>', "")
        found = stated(document(f"<section>{head}<entry>{untemplated}</entry></section>"))
        assert [item.kind for item in found] == ["results"]

    def test_a_scan_is_named(self) -> None:
        given = f"<ClinicalDocument {NAMESPACES}>{PERSON}<component><nonXMLBody>"
        given += '<text mediaType="application/pdf" representation="B64">AAAA</text></nonXMLBody></component>'
        assert reasons(given + "</ClinicalDocument>") == ["unstructured document (application/pdf)"]

    def test_a_place_is_a_path_with_a_line(self) -> None:
        (found,) = stated(
            document(section(SOCIAL, "\n\n" + statement("observation", "38", "")), section(RESULTS, "\n" + named("1")))
        )[-1:]
        assert found.where.startswith("section[results]/entry[1]/observation (line ")


class TestBodies:
    def test_every_body_reads_to_its_item_again(self) -> None:
        shared = '<id root="9.9"/>'
        words = '<code nullFlavor="UNK"><originalText><reference value="#w"/></originalText></code>'
        panel = statement(
            "organizer", "1", f'<effectiveTime value="20200115"/><component>{named("1", time="")}</component>'
        )
        given = document(
            section(PROBLEMS, concern(problem(more=shared)), concern(problem("1", more=shared), status="completed")),
            section(
                RESULTS,
                panel,
                statement("observation", "2", f'{words}<effectiveTime value="2020"/>{value("2")}'),
                result(value("3"), time="20201340"),
                text='<content ID="w">Words &amp; more</content>',
            ),
        )
        for item in items(given):
            again = {each.key: each for each in items(item.body)}[item.key]
            assert again.fingerprint == item.fingerprint
            assert [replace(each, where="") for each in again.facts] == [replace(each, where="") for each in item.facts]
            assert (again.subject, again.sent_at, again.version_at) == (item.subject, item.sent_at, item.version_at)
            assert (again.reject is None) == (item.reject is None)

    def test_an_entry_without_its_section_reads_again_too(self) -> None:
        (found,) = items(named("1"))
        (again,) = items(found.body)
        assert (again.key, again.fingerprint) == (found.key, found.fingerprint)


@pytest.mark.parametrize(
    ("head", "is_ours"),
    [
        (b'<?xml version="1.0"?><!-- <a> --><ClinicalDocument xmlns="urn:hl7-org:v3">', True),
        (b'\xef\xbb\xbf<cda:ClinicalDocument xmlns:cda="urn:hl7-org:v3">', True),
        ('<ClinicalDocument xmlns="urn:hl7-org:v3">'.encode("utf-16"), True),
        (b'<section nullFlavor="NI">', True),
        (b"<!DOCTYPE ClinicalDocument [", True),
        (b"<section>a chapter</section>", False),
        (b'<Bundle xmlns="http://hl7.org/fhir">', False),
        (b"MSH|^~\\&|", False),
        (b"<!-- never closed", False),
        (b"", False),
    ],
)
def test_a_document_is_recognised_by_its_first_element(head: bytes, is_ours: bool) -> None:
    assert IMPORTER.recognises(head, "x") is is_ours
