"""Whatever the bytes, a file is read to items or refused; and what is kept of an item reads to it again."""

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.importers.hl7v2_messages import MSH, OBR, PID, adt, items, obx, of_bytes
from twin.errors import TwinError
from twin.importers.base import Item

SAMPLE = [
    f"{MSH}||||||UNICODE UTF-8", PID + "|" * 21 + "20191231|Y", "PV1|1|I", "ORC|RE|P1|F1", OBR, obx("88"),
    obx("90", number="2"), obx("a\\.br\\b", "TX", code="X^Y^L"), obx("c", "TX", code="X^Y^L", number="4"),
    obx("<^5", "SN", code="1^Z^LN"), "NTE|1||x", "SPM|1|||SER|||||||||||||20200101",
    adt("A08"), PID, "PV1|1|I" + "|" * 42 + "20200101", "DG1|1||I10^H^I10|||F", "AL1|1|DA|7980^P^RXNORM",
    "PR1|1||1^B^SCT||20200101", adt("A40"), PID, "MRG|200^^^LAB^MR", MSH.replace("ORU^R01^ORU_R01", "MDM^T02"), PID,
    "TXA|1|DS|TX|20200101||||||||D1", obx("words", "TX"), MSH.replace("ORU^R01^ORU_R01", "RDE^O11"), PID,
    "ORC|NW|P1|F1||||||20200101", "RXE||83367^A^RXNORM|1", "TQ1|1||QD||||20200102", "junk", "BTS|9",
]  # fmt: skip
CONTENT = "\r".join(SAMPLE).encode()


def reread(found: list[Item]) -> None:
    for item in found:
        if item.not_used is None and item.kind not in ("BTS", "FTS") and not item.where.startswith("line "):
            again = of_bytes(item.body.encode("utf-8", "surrogatepass"))
            same = [each for each in again if each.key == item.key]
            assert same, item
            assert same[0].fingerprint == item.fingerprint, item
            assert (same[0].reject is None) == (item.reject is None), item
            assert [fact.value for fact in same[0].facts] == [fact.value for fact in item.facts]


def test_the_sample_speaks_of_everything_that_is_read() -> None:
    found = items(*SAMPLE)
    kinds = {fact.kind for item in found for fact in item.facts}
    assert kinds >= {"observation", "death", "encounter", "condition", "allergy", "procedure", "report", "medication"}
    assert any(item.merge for item in found)
    assert any(item.reject for item in found)


def test_what_is_kept_of_an_item_reads_to_it_again() -> None:
    reread(items(*SAMPLE))


def test_what_is_kept_of_an_item_in_other_characters_reads_to_it_again() -> None:
    lines = [f"{MSH}||||||GB18030", PID.replace("Muster^Erika", "张^淑芬"), OBR, obx("阳性", "ST", code="XG^血清^L")]
    found = of_bytes("\r".join(lines).encode("gb18030"))
    assert [fact.value for item in found for fact in item.facts] == ["阳性"]
    reread(found)


@given(
    position=st.integers(0, len(CONTENT)),
    length=st.integers(0, 12),
    change=st.one_of(
        st.binary(max_size=6), st.sampled_from([b"|", b"^", b"~", b"\\", b"&", b"\r", b'""', b"\x1c", b"0" * 9])
    ),
)
def test_a_change_at_any_place_is_read_or_refused(position: int, length: int, change: bytes) -> None:
    mangled = CONTENT[:position] + change + CONTENT[position + length :]
    try:
        found = of_bytes(mangled)
    except TwinError:
        return
    for item in found:
        assert (
            sum((bool(item.facts or item.patient or item.merge), item.reject is not None, item.not_used is not None))
            == 1
        )
        assert "\0" not in item.key + item.body + "".join(fact.value or "" for fact in item.facts)
        assert len(item.key.encode()) < 1_500


@given(content=st.binary(max_size=300))
def test_any_bytes_after_a_header_are_read_or_refused(content: bytes) -> None:
    try:
        of_bytes(MSH.encode() + b"\r" + content)
    except TwinError:
        return
