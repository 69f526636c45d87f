"""What each kind of C-CDA entry states: code, time, standing - and what it does not."""

from datetime import UTC, datetime

import pytest

from tests.unit.importers.ccda_documents import (
    ALLERGIES,
    ENCOUNTERS,
    FAMILY,
    LOINC,
    MEDICATIONS,
    PROBLEMS,
    PROCEDURES,
    RESULTS,
    RXNORM,
    SNOMED,
    SOCIAL,
    at,
    concern,
    document,
    during,
    fact,
    facts,
    items,
    problem,
    result,
    section,
    statement,
)  # fmt: skip
from twin.record.fact import Absent, Coding
from twin.record.quality import derive

ASSERTION = '<code code="ASSERTION" codeSystem="2.16.840.1.113883.5.4"/>'
ONE = '<value xsi:type="PQ" value="1" unit="mg/dL"/>'


def day(year: int, month: int, number: int) -> datetime:
    return datetime(year, month, number, tzinfo=UTC)


def relation(inner: str, kind: str = "REFR") -> str:
    return f'<entryRelationship typeCode="{kind}">{inner}</entryRelationship>'


def status_of(code: str) -> str:
    value = f'<value xsi:type="CD" code="{code}" codeSystem="{SNOMED}"/>'
    return relation(statement("observation", "6", value))


def unused(code: str, *statements: str) -> list[str | None]:
    return [item.not_used for item in items(document(section(code, *statements))) if item.patient is None]


class TestResults:
    def test_a_result_without_a_time_of_its_own_has_its_organizers(self) -> None:
        panel = statement("organizer", "1", f"{at('20200115')}<component>{result(ONE, time='')}</component>")
        assert fact(RESULTS, panel).observed_at == day(2020, 1, 15)

    def test_a_result_of_a_nullified_organizer_was_entered_in_error(self) -> None:
        inside = f'<statusCode code="nullified"/><component>{result(ONE)}</component>'
        assert fact(RESULTS, statement("organizer", "1", inside)).status == "entered-in-error"

    def test_a_result_without_any_time_is_refused(self) -> None:
        (found,) = [item for item in items(document(section(RESULTS, result(ONE, time="")))) if item.reject]
        assert found.reject is not None
        assert found.reject.reason == "no_date_or_code"

    @pytest.mark.parametrize(("time", "reason"), [("200130311", "invalid"), ("20100431", "impossible_date")])
    def test_a_time_that_is_none_is_refused(self, time: str, reason: str) -> None:
        (found,) = [item for item in items(document(section(RESULTS, result(ONE, time=time)))) if item.reject]
        assert found.reject is not None
        assert found.reject.reason == reason

    def test_translations_are_further_codings(self) -> None:
        inside = (
            f'<code nullFlavor="OTH"><translation code="2160-0" codeSystem="{LOINC}"/>'
            f'<translation code="CREA" codeSystem="1.2.3.4"/></code>{at("20200201")}{ONE}'
        )
        found = fact(RESULTS, statement("observation", "2", inside))
        assert (found.coding.system, found.coding.code) == ("http://loinc.org", "2160-0")
        assert [(each.system, each.code) for each in found.other_codings] == [("urn:oid:1.2.3.4", "CREA")]

    def test_a_result_without_a_code_has_the_words_it_points_to(self) -> None:
        inside = (
            f'<code nullFlavor="UNK"><originalText><reference value="#r1"/></originalText></code>{at("20200201")}{ONE}'
        )
        found = fact(RESULTS, statement("observation", "2", inside), text='<content ID="r1">Kreatinin</content>')
        assert found.coding == Coding(system="", code="", display="Kreatinin")

    def test_the_authors_time_is_when_it_was_issued(self) -> None:
        author = f"<author>{at('202002031200+0000', tag='time')}</author>"
        found = fact(RESULTS, result(ONE, more=author))
        assert (found.known_at, found.known_basis) == (datetime(2020, 2, 3, 12, tzinfo=UTC), "issued")

    def test_without_an_author_it_was_known_with_the_document(self) -> None:
        found = fact(RESULTS, result(ONE))
        assert (found.known_at, found.known_basis) == (day(2020, 3, 1), "message")

    def test_without_any_such_time_it_was_known_when_it_was_true(self) -> None:
        found = fact(RESULTS, result(ONE), made="")
        assert (found.known_at, found.known_basis) == (day(2020, 2, 1), "observed")

    def test_a_wish_is_no_result(self) -> None:
        assert unused(RESULTS, result(ONE, attributes='moodCode="RQO"')) == [
            "results: planned or wished for (moodCode RQO)"
        ]

    def test_a_result_of_somebody_else_is_not_the_patients(self) -> None:
        fetus = '<subject><relatedSubject><code code="CHILD"/></relatedSubject></subject>'
        assert unused(RESULTS, result(ONE, more=fetus)) == ["results: about somebody else than the patient"]


class TestProblems:
    def test_a_problem_is_a_condition_from_its_onset_to_its_end(self) -> None:
        found = fact(PROBLEMS, concern(problem(time=during("2015", "20160301"))))
        assert (found.kind, found.coding.code, found.status) == ("condition", "44054006", "completed")
        assert (found.observed_at, found.ended_at) == (day(2015, 1, 1), day(2016, 3, 1))

    @pytest.mark.parametrize("denied", ["observation", "act"])
    def test_a_denied_problem_is_refuted_and_never_the_disease(self, denied: str) -> None:
        no = 'negationInd="true"'
        inner = problem(time=during("2015"), attributes=no if denied == "observation" else "")
        found = fact(PROBLEMS, concern(inner, attributes=no if denied == "act" else ""))
        read = derive(found)
        assert found.status == "refuted"
        assert not isinstance(read, Absent)
        assert read.signal is not None
        assert read.quality == "not_final"

    @pytest.mark.parametrize(
        ("time", "told", "concerned", "status"),
        [
            (during("2015"), "", "active", "active"),
            (during("2015"), "", "completed", "completed"),
            (during("2015"), "", "suspended", "inactive"),
            (during("2015"), "413322009", "active", "resolved"),
            (during("2015", "?UNK"), "", "active", "resolved"),
            (during("2015", "?UNK"), "55561003", "active", "active"),
            (during("2015", "?NI"), "", "active", "active"),
        ],
    )
    def test_standing_follows_the_statement_before_the_concern(
        self, time: str, told: str, concerned: str, status: str
    ) -> None:
        inner = problem(time=time, more=status_of(told) if told else "")
        assert fact(PROBLEMS, concern(inner, status=concerned)).status == status

    def test_a_problem_without_an_onset_is_known_to_be_there_with_the_document(self) -> None:
        assert fact(PROBLEMS, concern(problem())).observed_at == day(2020, 3, 1)

    def test_a_value_of_a_null_flavor_without_words_says_nothing(self) -> None:
        inner = statement("observation", "4", f'{during("2015")}<value xsi:type="CD" nullFlavor="UNK"/>')
        assert unused(PROBLEMS, concern(inner)) == ["problems: neither a code nor words for it"]

    def test_a_detail_that_is_not_kept_is_named(self) -> None:
        inner = problem(time=during("2015"), more=relation(statement("observation", "5", "")))
        assert unused(PROBLEMS, concern(inner)) == [None, "problems: health status"]


class TestMedicines:
    def medicine(self, *times: str, status: str = "active", attributes: str = "") -> str:
        drug = f'<code code="617312" codeSystem="{RXNORM}" displayName="atorvastatin 20 MG Oral Tablet"/>'
        made = f"<manufacturedProduct><manufacturedMaterial>{drug}</manufacturedMaterial></manufacturedProduct>"
        dose = '<doseQuantity value="1.50" unit="mg"/>'
        inside = f'<statusCode code="{status}"/>{"".join(times)}{dose}<consumable>{made}</consumable>'
        return statement("substanceAdministration", "16", inside, attributes)

    def test_a_medicine_runs_from_low_to_high_with_its_dose(self) -> None:
        found = fact(MEDICATIONS, self.medicine(during("20190101", "20190601")))
        assert (found.kind, found.coding.code, found.value, found.unit) == ("medication", "617312", "1.50", "mg")
        assert (found.observed_at, found.ended_at) == (day(2019, 1, 1), day(2019, 6, 1))

    def test_a_frequency_is_not_when_it_was_taken(self) -> None:
        often = '<effectiveTime xsi:type="PIVL_TS" operator="A"><period value="12" unit="h"/></effectiveTime>'
        found = fact(MEDICATIONS, self.medicine(often, during("20190101")))
        assert found.observed_at == day(2019, 1, 1)

    def test_completed_without_an_end_is_not_running(self) -> None:
        found = fact(MEDICATIONS, self.medicine(during("20190101", "?UNK"), status="completed"))
        assert (found.status, found.ended_at) == ("ended-unknown", None)

    def test_a_single_dose_ends_when_it_begins(self) -> None:
        found = fact(MEDICATIONS, self.medicine(at("201901011200+0000"), status="completed"))
        assert found.ended_at == found.observed_at == datetime(2019, 1, 1, 12, tzinfo=UTC)

    def test_a_prescription_counts_and_a_refusal_does_not(self) -> None:
        assert fact(MEDICATIONS, self.medicine(during("2019"), attributes='moodCode="INT"')).status == "active"
        assert fact(MEDICATIONS, self.medicine(during("2019"), attributes='negationInd="true"')).status == "not-taken"


class TestAllergies:
    def allergy(self, substance: str, attributes: str = "") -> str:
        value = f'<value xsi:type="CD" code="416098002" codeSystem="{SNOMED}" displayName="Allergy to drug"/>'
        held = f"<participantRole><playingEntity>{substance}</playingEntity></participantRole>"
        inside = f'{during("2010")}{value}<participant typeCode="CSM">{held}</participant>'
        return statement("observation", "7", inside, attributes)

    def test_the_substance_is_the_code_and_the_kind_stands_beside_it(self) -> None:
        found = fact(ALLERGIES, self.allergy(f'<code code="7980" codeSystem="{RXNORM}"/>'))
        assert (found.coding.code, [each.code for each in found.other_codings]) == ("7980", ["416098002"])

    def test_a_substance_in_words_alone_is_kept(self) -> None:
        found = fact(ALLERGIES, self.allergy('<code nullFlavor="UNK"/><name>Mystery drug</name>'))
        assert (found.coding.code, found.coding.display) == ("", "Mystery drug")

    def test_no_known_allergy_is_a_refuted_one(self) -> None:
        found = fact(ALLERGIES, self.allergy('<code nullFlavor="NA"/>', 'negationInd="true"'))
        assert (found.coding.code, found.status) == ("416098002", "refuted")


class TestHabits:
    def smoking(self, code: str, time: str, asked: str = ASSERTION) -> str:
        value = f'<value xsi:type="CD" code="{code}" codeSystem="{SNOMED}"/>'
        return statement("observation", "78", f'{asked}<statusCode code="completed"/>{time}{value}')

    @pytest.mark.parametrize(
        ("code", "answer"), [("449868002", "current"), ("8517006", "former"), ("266919005", "never")]
    )
    def test_smoking_of_both_releases_is_our_signal(self, code: str, answer: str) -> None:
        r21 = f'<code code="72166-2" codeSystem="{LOINC}"/>'
        for each in (self.smoking(code, during("2015")), self.smoking(code, at("2015"), r21)):
            read = derive(fact(SOCIAL, each))
            assert not isinstance(read, Absent)
            assert (read.signal, read.code, read.quality) == ("smoking_status", answer, "ok")

    def test_a_former_smoker_is_one_from_the_end_of_smoking_on(self) -> None:
        found = fact(SOCIAL, self.smoking("8517006", during("19900101", "20100401")))
        assert (found.observed_at, found.ended_at) == (day(2010, 4, 1), None)

    def test_smoking_without_a_time_is_so_with_the_document(self) -> None:
        assert fact(SOCIAL, self.smoking("449868002", '<effectiveTime nullFlavor="UNK"/>')).observed_at == day(
            2020, 3, 1
        )

    def test_pregnancy_is_a_condition(self) -> None:
        value = f'<value xsi:type="CD" code="77386006" codeSystem="{SNOMED}"/>'
        asked = f'<templateId root="2.16.840.1.113883.10.20.15.3.8"/>{ASSERTION}'
        found = fact(SOCIAL, f'<observation moodCode="EVN">{asked}{during("20200110")}{value}</observation>')
        assert (found.kind, found.coding.code) == ("condition", "77386006")


class TestFamily:
    def organizer(self, attributes: str = "") -> str:
        age = statement("observation", "31", '<value xsi:type="PQ" value="57" unit="a"/>')
        value = f'<value xsi:type="CD" code="22298006" codeSystem="{SNOMED}" displayName="Myocardial infarction"/>'
        inner = statement("observation", "46", f"{at('1957')}{value}{relation(age, 'SUBJ')}", attributes)
        who = '<code code="FTH" codeSystem="2.16.840.1.113883.5.111" displayName="Father"/>'
        subject = f"<subject><relatedSubject>{who}</relatedSubject></subject>"
        return statement("organizer", "45", f"{subject}<component>{inner}</component>")

    def test_a_relatives_disease_has_who_it_was_and_the_age_at_onset(self) -> None:
        disease, onset = facts(document(section(FAMILY, self.organizer())))
        assert (disease.kind, disease.coding.code, disease.value) == ("family_history", "22298006", "Father")
        assert (onset.part, onset.value, onset.unit) == ("onset_age", "57", "a")

    def test_it_is_dated_by_when_it_was_told(self) -> None:
        assert {each.observed_at for each in facts(document(section(FAMILY, self.organizer())))} == {day(2020, 3, 1)}

    def test_a_disease_that_no_relative_had_is_refuted(self) -> None:
        found = facts(document(section(FAMILY, self.organizer('negationInd="true"'))))
        assert {each.status for each in found} == {"refuted"}


class TestDone:
    def procedure(
        self, name: str, status: str, time: str = during("20190301", "20190302"), attributes: str = ""
    ) -> str:
        inside = f'<code code="71388002" codeSystem="{SNOMED}"/><statusCode code="{status}"/>{time}'
        return statement(name, {"procedure": "14", "observation": "13", "act": "12"}[name], inside, attributes)

    @pytest.mark.parametrize("name", ["procedure", "observation", "act"])
    def test_a_procedure_of_any_form_does_not_end(self, name: str) -> None:
        found = fact(PROCEDURES, self.procedure(name, "completed"))
        assert (found.kind, found.observed_at, found.ended_at) == ("procedure", day(2019, 3, 1), None)

    def test_an_aborted_procedure_was_stopped(self) -> None:
        assert fact(PROCEDURES, self.procedure("procedure", "aborted")).status == "stopped"

    def test_what_was_not_done_and_has_no_date_is_no_reject(self) -> None:
        never = self.procedure("procedure", "completed", "", 'negationInd="true"')
        assert unused(PROCEDURES, never) == ["procedures: said not to be so, and no date"]

    def test_a_visit_brings_its_diagnoses(self) -> None:
        diagnosis = statement("act", "80", relation(problem(time=during("20190301")), "SUBJ"))
        visit = f'<code code="99213" codeSystem="2.16.840.1.113883.6.12"/>{at("20190301")}{relation(diagnosis)}'
        found = facts(document(section(ENCOUNTERS, statement("encounter", "49", visit))))
        assert [(each.kind, each.status) for each in found] == [("encounter", "finished"), ("condition", "active")]
