"""The ready mappings read small tables of their shape as they should."""

from datetime import UTC, date, datetime

import pytest

from tests.unit.importers.table_files import items
from twin.importers.base import Item
from twin.record.fact import Coding

MIMIC = "urn:patient-twin:local:mimic3"
LABITEM = "urn:patient-twin:local:mimic-labitem"
LABEVENTS = """row_id,subject_id,hadm_id,itemid,charttime,value,valuenum,valueuom,flag
1,6,,50868,2164-09-24 20:21:00,19,19.0,mEq/L,
2,6,,51000,2164-09-24 20:21:00,LESS THAN 10,10.0,mg/dL,
3,6,,51000,2164-09-24 20:21:00,NEG,,,
"""
LABITEMS = "row_id,itemid,label,fluid,category,loinc_code\n1,50868,Anion Gap,Blood,Chemistry,1863-0\n"
ADMISSIONS = """row_id,subject_id,hadm_id,admittime,dischtime,deathtime,admission_type,diagnosis
1,6,9,2164-10-23 21:09:00,2164-11-01 17:15:00,,EMERGENCY,SEPSIS
"""
DIAGNOSES = "row_id,subject_id,hadm_id,seq_num,icd9_code\n5,6,9,1,99591\n6,6,10,1,4019\n"
CONCEPT = """concept_id,concept_name,domain_id,vocabulary_id,concept_class_id,standard_concept,concept_code
3016723,Creatinine,Measurement,LOINC,Lab Test,S,2160-0
8840,milligram per deciliter,Unit,UCUM,Unit,S,mg/dL
45884084,Positive,Meas Value,LOINC,Answer,S,LA6576-8
"""
MEASUREMENT = (
    "measurement_id,person_id,measurement_concept_id,measurement_date,measurement_datetime,operator_concept_id,"
    "value_as_number,value_as_concept_id,unit_concept_id,measurement_source_value,measurement_source_concept_id,"
    "unit_source_value,value_source_value\n"
    "1,1,3016723,2020-01-02,2020-01-02 00:00:00,4171756,0.50,0,8840,CREA,0,mg/dl,<0.50\n"
    "2,1,3016723,2020-01-02,,0,,45884084,0,CREA,0,,positive\n"
    "3,1,0,2020-01-02,,0,7,0,0,HOUSE,0,,7\n"
)
EICU = "urn:patient-twin:local:eicu"
STAYS = (
    "patientunitstayid,gender,age,hospitaldischargeyear,hospitaladmitoffset,hospitaldischargeoffset,unittype,uniquepid\n"
    "11,Female,> 89,2015,-60,2880,MICU,002-1\n12,Female,> 89,2015,-5,100,MICU,002-1\n"
)
HISTORY = (
    "pasthistoryid,patientunitstayid,pasthistoryoffset,pasthistoryenteredoffset,pasthistorypath,pasthistoryvalue\n"
    "1,11,7,12,Past History/CHF,CHF\n2,11,7,12,Past History/Performed,Performed\n3,99,7,12,Past History/CHF,CHF\n"
)
LIS_ZH = (
    "病历号,身份证号,姓名,性别,出生日期,项目名称,结果,单位,参考范围,采集时间,审核时间,标本类型,条码号,状态\n"
    "0012,110101196005040001,王芳,女,1960年5月4日,谷丙转氨酶,45.20↑,U/L,7-40,"
    "2024年3月5日 8:30,2024/3/5 10:05,血清,B1,已审核\n"
    "0012,,王芳,女,1960-05-04,肌酐,大于 900,μmol/L,,20240305083000,,血清,B1,待审\n"
)
LIS_EN = (
    "MRN\tName\tSex\tDOB\tTest code\tTest name\tLOINC\tResult\tUnits\tCollected\tReported\tAccession\tStatus\n"
    "12\tDoe, Jane\tF\t1960-05-04\tCREA\tCreatinine\t2160-0\t0.90\tmg/dL\t2024-03-05 08:30\t\tA1\tF\n"
)


def facts_of(found: list[Item]) -> list[Item]:
    return [each for each in found if each.facts]


def test_mimic_results_are_looked_up_in_the_table_of_items_whatever_it_is_packed_in() -> None:
    for name in ("D_LABITEMS.csv", "d_labitems.csv.gz", "d_labitems.csv.gz!d_labitems.csv"):
        known, less, words = items(LABEVENTS, None, name="LABEVENTS.csv", beside={name: LABITEMS})
        assert known.key == "labevents/1"
        assert known.facts[0].coding == Coding(system="http://loinc.org", code="1863-0", display="Anion Gap")
        assert known.facts[0].other_codings == (Coding(system=LABITEM, code="50868", display="Anion Gap"),)
        assert (known.facts[0].value, known.facts[0].unit) == ("19", "mEq/L")
        assert less.facts[0].coding == Coding(system=LABITEM, code="51000")
        assert (less.facts[0].value, less.facts[0].comparator) == ("10", "<")
        assert (words.facts[0].value_kind, words.facts[0].value) == ("text", "NEG")


def test_what_was_looked_up_is_kept_with_the_row() -> None:
    for item in items(LABEVENTS, None, name="LABEVENTS.csv", beside={"D_LABITEMS.csv": LABITEMS}):
        [again] = items(item.body, None, name="request")
        assert (again.key, again.fingerprint, again.facts[0].coding) == (
            item.key, item.fingerprint, item.facts[0].coding,
        )  # fmt: skip


def test_without_the_table_of_items_the_local_code_stands_and_with_it_a_correction() -> None:
    alone = items(LABEVENTS, None, name="LABEVENTS.csv")[0]
    together = items(LABEVENTS, None, name="LABEVENTS.csv", beside={"D_LABITEMS.csv": LABITEMS})[0]
    assert alone.facts[0].coding == Coding(system=LABITEM, code="50868")
    assert alone.key == together.key
    assert alone.fingerprint != together.fingerprint


def test_mimic_diagnoses_are_dated_by_their_admission_and_known_at_its_end() -> None:
    dated, undated = items(DIAGNOSES, None, name="DIAGNOSES_ICD.csv", beside={"admissions.csv": ADMISSIONS})
    fact = dated.facts[0]
    assert fact.coding == Coding(system="http://hl7.org/fhir/sid/icd-9-cm", code="99591")
    assert fact.observed_at == datetime(2164, 10, 23, 21, 9, tzinfo=UTC)
    assert (fact.known_at, fact.known_basis) == (datetime(2164, 11, 1, 17, 15, tzinfo=UTC), "message")
    assert undated.reject is not None
    assert undated.reject.reason == "no_date"
    [alone, _] = items(DIAGNOSES, None, name="DIAGNOSES_ICD.csv")
    assert alone.reject is not None
    assert "not beside this file: d_icd_diagnoses, admissions" in alone.reject.detail


def test_a_mimic_birth_300_years_before_is_no_birth_date() -> None:
    text = (
        "row_id,subject_id,gender,dob,dod\n1,6,F,2094-03-05 00:00:00,\n2,7,M,1844-07-18 00:00:00,2144-08-30 00:00:00\n"
    )
    found = items(text, None, name="PATIENTS.csv")
    assert [each.patient.birth_date for each in found if each.patient] == [date(2094, 3, 5), None]
    assert [fact.observed_at.year for each in found for fact in each.facts] == [2144]


def test_mimic_four_diagnoses_are_icd_9_or_10_by_their_version() -> None:
    text = "subject_id,hadm_id,seq_num,icd_code,icd_version\n6,9,1,4019,9\n6,9,2,I10,10\n"
    admissions = "subject_id,hadm_id,admittime,dischtime,deathtime,admission_type\n6,9,2164-10-23,2164-11-01,,URGENT\n"
    found = items(text, None, name="diagnoses_icd.csv", beside={"admissions.csv": admissions})
    assert [(each.key, each.facts[0].coding.system.rpartition("/")[2]) for each in found] == [
        ("diagnoses_icd/9|1", "icd-9-cm"), ("diagnoses_icd/9|2", "icd-10-cm"),
    ]  # fmt: skip


def test_omop_measurements_take_standard_concepts_and_fall_back_on_what_the_source_said() -> None:
    number, answer, local = items(MEASUREMENT, None, name="MEASUREMENT.csv", beside={"CONCEPT.csv": CONCEPT})
    fact = number.facts[0]
    assert fact.coding == Coding(system="http://loinc.org", code="2160-0", display="Creatinine")
    assert fact.other_codings == ()
    assert (fact.value, fact.comparator, fact.unit) == ("0.50", "<", "mg/dL")
    assert fact.observed_at == datetime(2020, 1, 2, tzinfo=UTC)
    assert answer.facts[0].value_coding == Coding(system="http://loinc.org", code="LA6576-8", display="Positive")
    assert local.facts[0].coding == Coding(system="urn:patient-twin:local:omop-source", code="HOUSE")


def test_omop_person_numbers_identify_nobody_outside_the_source() -> None:
    text = "person_id,gender_concept_id,year_of_birth,month_of_birth,day_of_birth,birth_datetime\n1,8507,1998,,,\n"
    [person] = items(text, None, name="PERSON.csv")
    assert person.patient is not None
    assert (person.key, person.patient.identifiers) == ("patient/omop|1", ())
    assert (person.patient.sex, person.patient.birth_date) == ("male", None)


def test_eicu_history_is_dated_to_the_year_of_the_discharge() -> None:
    chf, performed, nobody = items(HISTORY, None, name="pasthistory.csv", beside={"patient.csv.gz": STAYS})
    fact = chf.facts[0]
    assert chf.subject is not None
    assert chf.subject.keys == (f"patient/{EICU}|002-1",)
    assert fact.observed_at == datetime(2015, 1, 1, tzinfo=UTC)
    assert (fact.known_at, fact.known_basis) == (datetime(2015, 12, 31, 23, 59, 59, tzinfo=UTC), "observed")
    assert performed.not_used == "says whether a history was taken, not what it was"
    assert nobody.reject is not None
    assert nobody.reject.reason == "no_date"


def test_eicu_minutes_count_from_a_declared_day() -> None:
    mapping = 'extends = "eicu"\n[dates]\noffset_from = 2015-01-01T00:00:00\n'
    chf = items(HISTORY, mapping, name="pasthistory.csv", beside={"patient.csv.gz": STAYS})[0]
    assert chf.facts[0].observed_at == datetime(2015, 1, 1, 0, 7, tzinfo=UTC)
    assert chf.facts[0].known_at == datetime(2015, 1, 1, 0, 12, tzinfo=UTC)


def test_two_eicu_stays_are_one_patient_and_two_encounters() -> None:
    found = items(STAYS, None, name="patient.csv.gz!patient.csv")
    assert [each.key for each in found] == [f"patient/{EICU}|002-1", "stay/11", "stay/12"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_chinese_laboratory_export_is_read(encoding: str) -> None:
    found = items(LIS_ZH.encode(encoding), 'extends = "lis"\ntime_zone = "Asia/Shanghai"\n', name="导出.csv")
    patient, (alt, creatinine) = found[0].patient, facts_of(found)
    assert patient is not None
    assert (patient.name, patient.sex, patient.birth_date) == ("王芳", "female", date(1960, 5, 4))
    assert [each.system for each in patient.identifiers] == ["urn:oid:2.16.156.10011.1.3"]
    fact = alt.facts[0]
    assert fact.coding == Coding(system="urn:patient-twin:local:lis", code="谷丙转氨酶", display="谷丙转氨酶")
    assert (fact.value, fact.unit, fact.status) == ("45.20", "U/L", "final")
    assert fact.observed_at == datetime(2024, 3, 5, 0, 30, tzinfo=UTC)
    assert (fact.known_at, fact.known_basis) == (datetime(2024, 3, 5, 2, 5, tzinfo=UTC), "issued")
    other = creatinine.facts[0]
    assert (other.value, other.comparator, other.unit, other.status) == ("900", ">", "μmol/L", "preliminary")
    assert alt.key == "results/mrn|0012|谷丙转氨酶|2024-03-05 00:30:00+00:00|B1|血清"


def test_an_english_laboratory_export_is_read() -> None:
    found = items(LIS_EN, None, name="export.tsv")
    fact = facts_of(found)[0].facts[0]
    assert found[0].key == "patient/mrn|12"
    assert fact.coding == Coding(system="http://loinc.org", code="2160-0", display="Creatinine")
    assert fact.other_codings == (Coding(system="urn:patient-twin:local:lis", code="CREA", display="Creatinine"),)
    assert (fact.value, fact.unit, fact.status) == ("0.90", "mg/dL", "final")
