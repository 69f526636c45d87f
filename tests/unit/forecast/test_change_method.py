import pytest

from tests.unit.forecast.timelines import NOW, fact
from twin.forecast.change_limit import limits, table
from twin.forecast.change_method import methods, protocol, reading
from twin.record.codes import OWN_FINDING
from twin.record.fact import Coding
from twin.record.signal import by_loinc, signals

CT = Coding(system=OWN_FINDING, code="agatston", display="agatston")


def of(key: str, code: str = "", display: str = "", **changes: object) -> tuple[str, ...]:
    coding = Coding(system="http://loinc.org", code=code, display=display)
    return reading(key, fact(1, key, NOW, 1.0, **({"coding": coding} | changes))).method  # type: ignore[arg-type]


def test_calculated_ldl_is_not_direct_ldl() -> None:
    assert of("ldl_c", "13457-7") == of("ldl_c", "39469-2") != of("ldl_c", "18262-6")


@pytest.mark.parametrize(
    ("first", "second"), [("Creatinine (Jaffe)", "肌酐（酶法）"), ("Creatinine, enzymatic", "Creatinine")]
)
def test_methods_of_creatinine_are_told_by_the_words_of_the_result(first: str, second: str) -> None:
    assert of("creatinine", "2160-0", first) != of("creatinine", "2160-0", second)


def test_mass_and_molar_codes_of_one_method_are_compared() -> None:
    assert of("creatinine", "2160-0") == of("creatinine", "14682-9")


def test_elastography_is_told_by_device_and_by_unit() -> None:
    vcte, swe = of("liver_stiffness", device="FibroScan 630"), of("liver_stiffness", device="Aixplorer SWE")
    assert vcte == of("liver_stiffness", device="VCTE") != swe == of("liver_stiffness", unit="m/s")


def test_markers_of_two_analysers_are_not_compared_and_enzymes_are() -> None:
    assert of("ca19_9", device="A") != of("ca19_9", device="B")
    assert of("alt", device="A") == of("alt", device="B") == ()


def test_protocol_is_read_as_the_scan_wrote_it() -> None:
    assert protocol("GE LightSpeed, STANDARD, 2.5 mm, 120 kVp, with contrast: Iohexol") == {
        "scanner": "GE LightSpeed",
        "kernel": "STANDARD",
        "slice": "2.5 mm",
        "voltage": "120 kVp",
        "contrast": "with contrast: Iohexol",
    }
    assert protocol("1 mm") == {"slice": "1 mm"}
    assert protocol("") == {}


@pytest.mark.parametrize(
    "device",
    ["GE One, BONE, 3 mm, 120 kVp", "GE One, STD, 1 mm, 120 kVp", "GE One, STD, 3 mm, 100 kVp", "GE One, STD, 3 mm"],
)
def test_calcium_of_another_kernel_slice_or_voltage_is_another_method(device: str) -> None:
    same = of("agatston", device="GE One, STD, 3 mm, 120 kVp")
    assert of("agatston", device=device) != same == of("agatston", device="Siemens Two, STD, 3 mm, 120 kVp")


@pytest.mark.parametrize(
    ("key", "device", "unstated"),
    [
        ("agatston", None, ("kernel", "slice", "voltage")),
        ("agatston", "GE One, 3 mm", ("kernel", "voltage")),
        ("agatston", "GE One, STD, 3 mm, 120 kVp", ()),  # no contrast stated is none given
        ("lung_volume_ct", "GE One, 3 mm", ()),
        ("creatinine", None, ()),  # a laboratory need not say how
        ("ca19_9", None, ()),
    ],
)
def test_only_a_ct_must_state_its_protocol(key: str, device: str | None, unstated: tuple[str, ...]) -> None:
    assert reading(key, fact(1, key, NOW, 1.0, device=device)).unstated == unstated


def test_what_we_measured_is_not_compared_with_what_a_report_says() -> None:
    ours = reading("agatston", fact(1, "agatston", NOW, 1.0, coding=CT, device="GE One, STD, 3 mm, 120 kVp"))
    assert ours.method != of("agatston", device="GE One, STD, 3 mm, 120 kVp")
    assert ours.scanner == "GE One"


def test_every_row_is_about_a_signal_and_every_code_is_one_of_it() -> None:
    assert set(limits()) | set(methods()) <= set(signals())
    for key, method in methods().items():
        assert all(by_loinc().get(code) in (key, None) for code in method.codes)
    assert {row["status"] for row in table()["limits"].values()} <= {"verified", "unverified"}
    assert all(each.source for each in limits().values())
