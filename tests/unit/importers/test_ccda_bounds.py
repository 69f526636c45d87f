"""Bad XML: a clear refusal, no crash, no hang, nothing fetched."""

import time

import pytest

from tests.unit.importers.ccda_documents import NAMESPACES, RESULTS, document, facts, items, result, section
from twin.errors import UnreadableInput

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))


@pytest.mark.parametrize(
    "content",
    [
        f'<!DOCTYPE ClinicalDocument [<!ENTITY l0 "ha">{LAUGHS}]><ClinicalDocument>&l11;</ClinicalDocument>',
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><ClinicalDocument>&x;</ClinicalDocument>',
        '<?xml version="1.0"?><!-- x --><!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd"><ClinicalDocument/>',
        f"<ClinicalDocument {NAMESPACES}>&nbsp;</ClinicalDocument>",
        f"<ClinicalDocument {NAMESPACES}><a></ClinicalDocument>",
        "<ClinicalDocument></document><document>",
        f"<ClinicalDocument {NAMESPACES}>" + "<a>" * 100_000,
        f"<ClinicalDocument {NAMESPACES}><a>{'x' * 11_000_000}</a></ClinicalDocument>",
        "<ClinicalDocument>\x00</ClinicalDocument>",
        "not XML at all",
        "<",
        "",
    ],
    ids=lambda content: content[:30],
)
def test_what_is_not_sound_xml_is_refused_at_once(content: str) -> None:
    began = time.monotonic()
    with pytest.raises(UnreadableInput):
        items(content)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("encoding", "declared"),
    [("utf-8", ""), ("utf-8-sig", ""), ("utf-16", "utf-16"), ("latin-1", "iso-8859-1"), ("gb18030", "GB18030")],
)
def test_a_document_is_read_in_the_encoding_it_declares(encoding: str, declared: str) -> None:
    word = "肌酐" if encoding in ("gb18030", "utf-16") else "Größe"
    head = f'<?xml version="1.0" encoding="{declared}"?>\n' if declared else ""
    given = head + document(section(RESULTS, result(f'<value xsi:type="ST">{word}</value>'))).replace("Prüfung", "P")
    assert [each.value for each in facts(given.encode(encoding))] == [word]


@pytest.mark.parametrize(
    ("encoding", "declared"), [("latin-1", "utf-8"), ("utf-8", "utf-7"), ("utf-8", "unicode_escape"), ("utf-8", "zip")]
)
def test_a_wrong_or_strange_encoding_is_refused(encoding: str, declared: str) -> None:
    given = f'<?xml version="1.0" encoding="{declared}"?>' + document()
    with pytest.raises(UnreadableInput):
        items(given.encode(encoding))


def test_many_results_of_a_heavy_organizer_take_linear_time() -> None:
    heavy = f'<author><assignedAuthor><id root="{"9" * 300_000}"/></assignedAuthor></author>'
    one = result('<value xsi:type="INT" value="1"/>')
    many = "".join(f"<component>{one}</component>" for _ in range(3_000))
    given = document(section(RESULTS, f'<organizer moodCode="EVN">{heavy}{many}</organizer>'))
    began = time.monotonic()
    found = items(given)
    assert len(found) == 3_001
    assert max(len(item.body) for item in found) < 300_000
    assert time.monotonic() - began < 20


def test_statements_nested_too_deep_are_named() -> None:
    nested = result("")
    for _ in range(60):
        nested = f'<organizer moodCode="EVN"><component>{nested}</component></organizer>'
    found = [item.not_used for item in items(document(section(RESULTS, nested))) if item.not_used]
    assert found == ["results: nested too deep"]
