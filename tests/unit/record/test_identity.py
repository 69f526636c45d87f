"""Who a description means."""

from twin.record.fact import Absent
from twin.record.identity import decide, own_name
from twin.record.timeline import Identifier

OWN = own_name("hospital", "Patient/1")
MRN = Identifier(system="urn:mrn", value="7")
SSN = Identifier(system="urn:ssn", value="9")


def test_an_identifier_decides() -> None:
    assert decide((MRN,), OWN, {("urn:mrn", "7"): "a"}) == "a"


def test_nobody_known_is_somebody_new() -> None:
    assert decide((MRN,), OWN, {}) is None


def test_identifiers_of_two_patients_are_a_conflict() -> None:
    answer = decide((MRN, SSN), OWN, {("urn:mrn", "7"): "a", ("urn:ssn", "9"): "b"})
    assert isinstance(answer, Absent)
    assert answer.reason == "conflicting_identifiers"


def test_the_sources_own_name_decides_only_without_identifiers() -> None:
    known = {(OWN.system, OWN.value): "a"}
    assert decide((), OWN, known) == "a"
    assert decide((MRN,), OWN, known) is None
