"""A dry run shows the first rows as they would be read."""

import json

from tests.unit.importers.table_files import LABS, NOW, labs
from twin.importers.base import Context
from twin.importers.content import Content
from twin.importers.table import preview

ROWS = (
    "7,1,2160-0,Creatinine,90,umol/L,2020-01-02 08:30,S1",
    "8,1,2160-0,Creatinine,90,umol/L,soon,S1",
    "9,1,2160-0,Creatinine,90,mmHg,2020-01-02,S1",
)


def test_a_preview_shows_what_a_row_means_or_why_it_is_refused() -> None:
    context = Context(now=NOW, mapping=LABS)
    found = preview(Content.of(labs(*ROWS).encode(), "labs.csv"), context)
    [table] = found.tables
    fact, bad_date, bad_unit = table.lines
    assert (fact.outcome, fact.code, fact.value, fact.unit, fact.patient) == (
        "fact", "2160-0", "90", "umol/L", "urn:mrn|1",
    )  # fmt: skip
    assert (fact.signal, fact.quality) == ("creatinine", "ok")
    assert fact.canonical is not None
    assert (bad_date.outcome, bad_date.where) == ("rejected", "row 3")
    assert bad_unit.outcome == "rejected"
    assert table.unmapped == ("sample",)
    assert json.loads(json.dumps(found.to_json()))["tables"][0]["rows"][0]["observed_at"] == "2020-01-02T08:30:00+00:00"


def test_a_preview_reads_no_more_rows_than_it_is_asked_for() -> None:
    context = Context(now=NOW, mapping=LABS)
    found = preview(Content.of(labs(*ROWS * 50).encode(), "labs.csv"), context, rows=2)
    assert [line.where for line in found.tables[0].lines] == ["row 2", "row 3"]


def test_a_preview_can_be_read_on_a_terminal() -> None:
    context = Context(now=NOW, mapping=LABS)
    text = preview(Content.of(labs(*ROWS).encode(), "labs.csv"), context).render().splitlines()
    assert text[0] == "labs.csv: read as 'labs' of your mapping"
    assert "creatinine" in text[2]
    assert text[-1] == "columns not read: sample"
