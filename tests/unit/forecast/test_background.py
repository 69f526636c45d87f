from tests.unit.forecast.timelines import ago, fact, history_of, timeline
from twin.forecast.background import background, events, findings
from twin.record.fact import Coding


def test_repeated_mentions_are_one_item_from_the_first_to_the_last_end() -> None:
    facts = (
        fact(1, "statin", ago(36), kind="medication", ended_at=ago(24)),
        fact(2, "statin", ago(24), kind="medication", ended_at=ago(12)),
        fact(3, "insulin", ago(30), kind="medication", ended_at=ago(24)),
        fact(4, "insulin", ago(20), kind="medication"),
    )
    statin, insulin = background(timeline(facts)).medications
    assert (statin.since, statin.until, statin.fact_id) == (ago(36), ago(12), 2)
    assert (insulin.since, insulin.until) == (ago(30), None)


def test_what_no_concept_names_is_still_shown_and_what_was_an_error_is_not() -> None:
    facts = (
        fact(1, "gout", ago(9), kind="condition", signal=None, quality="no_signal"),
        fact(2, "plague", ago(9), kind="condition", quality="not_final"),
        fact(3, "peanut", ago(9), kind="allergy", signal=None, quality="no_signal"),
        fact(4, "family_cvd", ago(9), kind="family_history"),
        fact(5, "later", ago(-2), kind="condition"),
    )
    known = background(timeline(facts))
    assert [item.key for item in known.conditions] == ["gout"]
    assert [item.key for item in known.allergies] == ["peanut"]
    assert [item.key for item in known.family_history] == ["family_cvd"]


def test_smoking_status_is_the_newest_since_it_last_changed() -> None:
    said = [("current", 60), ("former", 40), ("former", 20), ("former", 5)]
    facts = [fact(n, "smoking_status", ago(months), code=code) for n, (code, months) in enumerate(said, start=1)]
    smoking = background(timeline(facts)).smoking
    assert smoking is not None
    assert (smoking.status, smoking.since, smoking.fact_id) == ("former", ago(40), 4)
    assert background(timeline()).smoking is None


def test_smoking_status_that_never_changed_is_since_its_first_mention() -> None:
    facts = [fact(n, "smoking_status", ago(months), code="never") for n, months in enumerate((30, 10), start=1)]
    smoking = background(timeline(facts)).smoking
    assert smoking is not None
    assert smoking.since == ago(30)


def test_disease_or_medicine_mentioned_again_is_no_second_event_but_a_procedure_is() -> None:
    facts = (
        *(fact(n, "statin", ago(20 - n), kind="medication") for n in (1, 2)),
        *(fact(n, "ct", ago(20 - n), kind="procedure", quality="no_signal") for n in (3, 4)),
        *history_of("diabetes", months=5),
    )
    assert [event.fact_id for event in events(timeline(facts))] == [1, 3, 4, 900]


def test_finding_shows_its_value_its_words_or_nothing() -> None:
    seen = Coding(system="urn:test", code="c1", display="upper lobe")
    facts = (
        fact(1, "nodule", ago(3), 6.1, kind="finding", unit="mm", signal=None, quality="no_signal"),
        fact(2, "nodule", ago(2), kind="finding", value_coding=seen, signal=None, quality="no_signal"),
        fact(3, "nodule", ago(1), kind="finding", signal=None, quality="no_signal"),
    )
    assert [item.detail for item in findings(timeline(facts))] == ["6.1 mm", "upper lobe", None]
