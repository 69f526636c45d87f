"""The readers' list: who is called to a CT, what readers say of it, and that both are noted and can be taken back."""

import gzip
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine, insert, select, update

from alerts.channels.email import CHANNEL as EMAIL
from alerts.channels.inbox import CHANNEL as INBOX
from alerts.deliver import deliver_once
from alerts.memory import SetClock
from imaging.bank.cases import label_of, shipped_bank
from tests.browser import drawn_volume, simulated
from tests.unit.alerts.mail_sink import mail_sink
from tests.web_serving import Site, serving
from twin import readers
from twin.settings import Settings
from twin.store import people, staff, tables
from twin.store.alerts import PostgresAlerts

LEVEL = 0.7  # of the two simulated CT with a 0.91 and a 0.64 region each, both are above
NOW = simulated.NOW


@pytest.fixture
def site(engine: Engine, settings: Settings) -> Iterator[Site]:
    with engine.begin() as connection:
        simulated.seed(connection, simulated.cast(4))  # the fourth has the other CT
    with serving(engine, settings, NOW) as running:
        yield running


@pytest.fixture
def reader(site: Site) -> httpx.Client:
    return site.person("reader")


def patient(index: int = 0) -> str:
    return next(person.id for person in simulated.cast() if person.index == index)


def study_of(site: Site, index: int = 0) -> int:
    table = tables.study
    with site.engine.connect() as connection:
        return connection.execute(select(table.c.id).where(table.c.patient_id == patient(index))).scalar_one()


def call(site: Site, *channels: str, level: float = LEVEL) -> readers.Called:
    def label(patient_id: str) -> str:
        with site.engine.connect() as connection:
            return people.record_number(connection, patient_id)

    return readers.call_once(site.engine, channels or ("inbox",), call_score=level, label=label, now=NOW)


def deliver(site: Site, **channels: object) -> None:
    store = PostgresAlerts(site.engine)
    deliver_once(store, store, {"inbox": INBOX.open({}), **channels}, SetClock(NOW + timedelta(seconds=5)))


def messages(site: Site, username: str) -> list[str]:
    return [letter.title + "\n" + letter.body for letter in PostgresAlerts(site.engine).inbox([username], 100)]


def test_a_high_study_is_told_to_the_reader_on_duty_once(site: Site) -> None:
    for name in ("zhao", "miller"):
        site.user("reader", name)
    with site.engine.begin() as connection:
        assert staff.set_duty(connection, "zhao", NOW)
    assert call(site) == readers.Called(studies=2, messages=2, nobody_to_tell=0)
    assert call(site) == readers.Called(studies=0, messages=0, nobody_to_tell=0)
    deliver(site)
    assert len(messages(site, "zhao")) == 2 and messages(site, "miller") == []
    assert "2 regions flagged, the highest score 0.91" in messages(site, "zhao")[0]


def test_with_nobody_on_duty_all_readers_are_told_and_told_why(site: Site) -> None:
    for name in ("zhao", "miller"):
        site.user("reader", name)
    assert call(site).messages == 4
    deliver(site)
    assert all("No reader is on duty" in text for name in ("zhao", "miller") for text in messages(site, name))


def test_no_message_names_the_patient(site: Site) -> None:
    site.user("reader")
    call(site)
    deliver(site)
    texts = messages(site, "reader")
    assert texts and not any(person.name in text for text in texts for person in simulated.cast())


def test_without_any_reader_the_call_waits_until_there_is_one(site: Site) -> None:
    assert call(site) == readers.Called(studies=0, messages=0, nobody_to_tell=2)
    site.user("reader")
    assert call(site).studies == 2


def test_a_study_below_the_level_is_not_called_out(site: Site) -> None:
    site.user("reader")
    assert call(site, level=0.95).studies == 0


def test_a_study_read_as_normal_is_not_called_out(site: Site, reader: httpx.Client) -> None:
    said(reader, study_of(site), said="normal")
    assert call(site).studies == 1


def test_the_call_goes_by_mail_where_the_site_has_a_server(site: Site) -> None:
    site.user("reader")
    with site.engine.begin() as connection:
        connection.execute(update(tables.user_account).values(email="reader@clinic.example"))
    assert call(site, "inbox", "email").messages == 4
    with mail_sink() as sink:
        given = {"host": "127.0.0.1", "port": sink.port, "sender": "twin@clinic.example", "security": "none",
                 "note_link": "https://twin.example{path}"}  # fmt: skip
        deliver(site, email=EMAIL.open(given))
    assert {mail["Subject"] for mail in sink.mails} == {"A CT should be read soon"}
    assert all("https://twin.example/reading" in mail.get_content() for mail in sink.mails)


def test_duty_is_switched_on_the_page_and_noted(site: Site, reader: httpx.Client) -> None:
    assert "Nobody is on duty" in reader.get("/reading").text
    assert reader.post("/reading/duty", data={"on": "true"}).status_code == 303
    assert "End my duty" in reader.get("/reading").text
    assert reader.post("/reading/duty", data={"on": "false"}).status_code == 303
    assert [row["action"] for row in site.audit(actor="user:reader") if "duty" in str(row["action"])] == [
        "duty.begin", "duty.end",
    ]  # fmt: skip


def test_only_a_reader_can_be_on_duty(site: Site) -> None:
    assert site.person("clinician").post("/reading/duty", data={"on": "true"}).status_code == 403


def test_the_list_says_when_the_readers_were_told(site: Site, reader: httpx.Client) -> None:
    call(site)
    assert "all readers told" in reader.get("/reading").text


def test_the_message_leads_to_the_patient(site: Site, reader: httpx.Client) -> None:
    call(site)
    deliver(site)
    page = reader.get("/inbox").text
    assert "CT to read soon" in page and f'href="/patients/{patient()}#ct"' in page


def said(client: httpx.Client, study_id: int, **fields: object) -> httpx.Response:
    return client.post(f"/api/v1/studies/{study_id}/verdicts", json=fields)


def test_a_verdict_on_a_region_is_written_shown_and_withdrawn(site: Site, reader: httpx.Client) -> None:
    made = said(reader, study_of(site), said="harmless", rank=2, note="scar since 2019")
    assert made.status_code == 201 and made.json()["rank"] == 2
    assert "scar since 2019" in reader.get(f"/patients/{patient()}").text
    address = f"/api/v1/studies/{study_of(site)}/verdicts/{made.json()['id']}"
    assert reader.delete(address).json()["withdrawn_by"] == "reader"
    assert reader.delete(address).status_code == 409
    assert "scar since 2019" not in reader.get(f"/patients/{patient()}").text
    assert [row["patient_id"] for row in site.audit(action="study.judge")] == [patient()] * 2


def test_a_normal_study_leaves_the_list_until_that_is_withdrawn(site: Site, reader: httpx.Client) -> None:
    number = study_of(site)
    base = f"/patients/{patient()}/studies/{number}/verdicts"
    assert reader.post(base, data={"said": "normal"}).status_code == 303
    link = f'href="/patients/{patient()}#study-{number}"'
    assert link not in reader.get("/reading").text and link in reader.get("/reading?show=read").text
    listed = reader.get("/api/v1/studies", params={"show": "read"}).json()["studies"]
    assert [(each["id"], each["said"]) for each in listed] == [(number, "normal")]
    (verdict,) = reader.get(f"/api/v1/studies/{number}").json()["verdicts"]
    assert reader.post(f"{base}/{verdict['id']}/withdraw").status_code == 303
    assert link in reader.get("/reading").text


@pytest.mark.parametrize(
    "fields",
    [
        {"said": "cancer", "rank": 1},
        {"said": "normal", "rank": 1},
        {"said": "harmless"},
        {"said": "harmless", "rank": 9},
    ],
)
def test_a_verdict_that_makes_no_sense_is_refused(site: Site, reader: httpx.Client, fields: dict[str, object]) -> None:
    assert said(reader, study_of(site), **fields).status_code in (400, 422)
    assert site.count("verdict") == 0


def test_a_verdict_of_another_patient_s_ct_is_not_found(site: Site, reader: httpx.Client) -> None:
    address = f"/patients/{patient(1)}/studies/{study_of(site)}/verdicts"
    assert reader.post(address, data={"said": "normal"}).status_code == 404


def test_a_coordinator_reads_but_does_not_judge(site: Site) -> None:
    coordinator = site.person("coordinator")
    assert said(coordinator, study_of(site), said="normal").status_code == 403
    page = coordinator.get(f"/patients/{patient()}").text
    assert "Look through the slices" in page and "This study is normal" not in page


def waiting_ct(site: Site, born: str) -> int:
    """A CT of nobody known here, whose images name somebody born on that day."""
    tags = {
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Zhang^San", "Ideographic": "张^三"}]},
        "00100020": {"vr": "LO", "Value": ["X-77"]}, "00100030": {"vr": "DA", "Value": [born]},
    }  # fmt: skip
    table = tables.study
    with site.engine.begin() as connection:
        other = connection.execute(select(table).where(table.c.patient_id == patient())).one()
        row = {
            "series_uid": "1.2.77.1", "study_uid": "1.2.77", "import_id": other.import_id, "status": "needs_patient",
            "described": {}, "acquired_at": other.acquired_at, "tags": tags,
        }  # fmt: skip
        return connection.execute(insert(table).values(row).returning(table.c.id)).scalar_one()


def test_whose_a_ct_is_is_compared_before_it_is_given_and_can_be_taken_back(site: Site, reader: httpx.Client) -> None:
    born = reader_knows(site)
    study_id = waiting_ct(site, born)
    assert "Zhang San / 张 三" in reader.get("/reading").text
    page = post(reader, f"/reading/{study_id}/patient", patient=patient())
    assert "Zhang San / 张 三" in page.text and "X-77" in page.text and "differs" not in page.text
    assert owner(site, study_id) is None
    assert post(reader, f"/reading/{study_id}/patient", patient=patient(), sure="true").status_code == 303
    assert owner(site, study_id) == patient()
    assert post(reader, f"/patients/{patient(1)}/studies/{study_id}/withdraw").status_code == 404
    assert post(reader, f"/patients/{patient()}/studies/{study_id}/withdraw").status_code == 303
    assert owner(site, study_id) is None
    assert site.audit(action="study.attach", patient_id=patient()) and site.audit(action="study.detach")


def test_somebody_born_otherwise_is_given_a_ct_only_by_who_says_so(site: Site, reader: httpx.Client) -> None:
    study_id = waiting_ct(site, "19010101")
    assert "differs" in post(reader, f"/reading/{study_id}/patient", patient=patient()).text
    assert post(reader, f"/reading/{study_id}/patient", patient=patient(), sure="true").status_code == 400
    program = site.program("reader", "record.read", "study.write")
    address = f"/api/v1/studies/{study_id}/patient"
    assert program.post(address, json={"patient": patient()}).status_code == 400
    assert owner(site, study_id) is None
    assert program.post(address, json={"patient": patient(), "despite": True}).status_code == 200
    assert program.delete(address).json() == {"patient_id": patient(), "status": "needs_patient"}
    assert program.delete(address).status_code == 400


def reader_knows(site: Site) -> str:
    """The birth date of the first patient, as DICOM writes it."""
    with site.engine.connect() as connection:
        return people.get_patient(connection, patient()).birth_date.strftime("%Y%m%d")


def owner(site: Site, study_id: int) -> str | None:
    with site.engine.connect() as connection:
        return connection.execute(select(tables.study.c.patient_id).where(tables.study.c.id == study_id)).scalar_one()


def post(person: httpx.Client, path: str, **form: str) -> httpx.Response:
    return person.post(path, data=form)


def test_a_report_is_no_ct_to_look_at_or_to_judge(site: Site, reader: httpx.Client) -> None:
    table = tables.study
    with site.engine.begin() as connection:
        connection.execute(update(table).where(table.c.patient_id == patient()).values(modality="SR"))
    assert "study-" not in reader.get(f"/patients/{patient()}").text
    assert reader.get(f"/patients/{patient()}/studies/{study_of(site)}").status_code == 404
    assert said(reader, study_of(site), said="normal").status_code == 400


@pytest.mark.parametrize("number", ["0", "99999999999999999999", "x"])
def test_an_impossible_number_is_the_caller_s_mistake(site: Site, reader: httpx.Client, number: str) -> None:
    assert reader.get(f"/patients/{patient()}/studies/{number}").status_code == 422
    assert post(reader, f"/patients/{patient()}/studies/{number}/verdicts", said="normal").status_code == 422
    assert post(reader, f"/reading/{number}/patient", patient=patient()).status_code == 422
    base = f"/patients/{patient()}/studies/{study_of(site)}/verdicts"
    assert post(reader, base, said="harmless", rank="9999999999").status_code == 422


def test_one_study_is_read_by_the_api_and_noted(site: Site) -> None:
    program = site.program("clinician", "record.read")
    told = program.get(f"/api/v1/studies/{study_of(site)}").json()
    assert (told["patient_id"], len(told["screening"]["regions"]), told["has_volume"]) == (patient(), 2, False)
    assert site.audit(action="study.read", patient_id=patient())
    assert said(program, study_of(site), said="normal").status_code == 403
    assert program.get("/api/v1/studies/999999").status_code == 404


def test_the_volume_comes_as_it_is_kept(site: Site, settings: Settings, reader: httpx.Client) -> None:
    address = f"/api/v1/studies/{study_of(site)}/volume.nii.gz"
    assert reader.get(address).status_code == 404
    with site.engine.begin() as connection:
        kept = drawn_volume.keep_volume(connection, settings.home_path, study_of(site))
    answer = reader.get(address)
    assert answer.headers["content-type"] == "application/gzip" and "content-encoding" not in answer.headers
    assert answer.content == kept.read_bytes() and gzip.decompress(answer.content)[344:347] == b"n+1"
    assert answer.headers["cache-control"] == "no-store"


def test_nearest_cases_are_shown_as_readers_opinion(site: Site, reader: httpx.Client) -> None:
    ratings = {"suspicion": 4, "texture": 5, "calcification": 6}
    match = {"case": "LIDC-IDRI-0107 n2", "label": "as told", "similarity": 0.91, "ratings": ratings}
    region = {"rank": 1, "score": 0.9, "features": {}, "matches": [match], "known": True}
    strange = {"rank": 2, "score": 0.6, "features": {}, "matches": [], "known": False}
    table = tables.key_slice
    with site.engine.begin() as connection:
        for each in (region, strange):
            connection.execute(update(table).where(table.c.rank == each["rank"]).values(region=each))
    page = reader.get(f"/patients/{patient()}").text
    assert "opinion, not pathology" in page
    assert "LIDC-IDRI-0107 n2" in page and "suspicion 4 of 5, solid</b>, 91 % alike" in page
    assert "Outside what the bank of annotated cases knows" in page


def test_a_page_shows_the_nearest_cases_of_the_shipped_bank(site: Site, reader: httpx.Client) -> None:
    cases = shipped_matches()
    nodule, tissue = (next(each for each in cases if bool(each["ratings"]) is is_rated) for is_rated in (True, False))
    region = {"rank": 1, "score": 0.9, "features": {}, "matches": [nodule, tissue], "known": True}
    table = tables.key_slice
    with site.engine.begin() as connection:
        connection.execute(update(table).where(table.c.rank == 1).values(region=region))
    page = reader.get(f"/patients/{patient()}").text
    assert f"suspicion {nodule['ratings']['suspicion']} of 5" in page and "normal tissue (automatic label): " in page
    assert tissue["label"] not in page, "said in words, not as the bank holds it"


def shipped_matches() -> list[dict[str, Any]]:
    """Every case of the bank that ships, as a match that a screening stores."""
    return [
        {"case": each.name, "label": label_of(each), "similarity": 0.9, "ratings": dict(each.ratings)}
        for each in shipped_bank().cases
    ]


CHANGED = {
    "change": "changed", "change_percent": 78.0, "change_interval_percent": [51.0, 110.0], "doubling_days": 412.3,
    "doubling_interval_days": [340.0, None], "interval_days": 365, "prior_volume_mm3": 119.0,
    "cautions": ["kernel B30f, then B60f"],
}  # fmt: skip


def earlier_ct(site: Site, change: dict[str, object] | None = None, *, is_measured: bool = True) -> None:
    """Give the first patient a CT of the year before, and the later one what was measured in its first region."""
    table = tables.study
    with site.engine.begin() as connection:
        later = connection.execute(select(table).where(table.c.patient_id == patient())).one()
        row = {
            "patient_id": patient(), "series_uid": "1.2.9.1", "study_uid": "1.2.9", "import_id": later.import_id,
            "status": "screened", "described": {"model": "Older"}, "screening": {"regions": []},
            "acquired_at": later.acquired_at - timedelta(days=365),
        }  # fmt: skip
        earlier = connection.execute(insert(table).values(row).returning(table.c.id)).scalar_one()
        volume = {"key": "nodule_volume_mm3", "value": 212.0, "unit": "mm3", "sd": 20.0, "refused": None}
        region = {"rank": 1, "kind": "solid", "measurements": [volume], "change": change}
        body = {"regions": [region], "compared_with": earlier}
        if is_measured:
            connection.execute(
                insert(tables.study_measurement).values(study_id=later.id, revision=0, version="1", body=body)
            )


def beside(reader: httpx.Client) -> str:
    """The part of the page on the CT before."""
    return reader.get(f"/patients/{patient()}").text.split('class="prior"')[1].split("</article>")[0]


def test_a_change_since_the_prior_ct_says_how_much_how_fast_and_whether_it_is_real(
    site: Site, reader: httpx.Client
) -> None:
    earlier_ct(site, CHANGED)
    part = beside(reader)
    for told in (
        "119 → 212 mm³",
        "+78 %",
        "+51 … +110 %",
        "in 365 days",
        "real change",
        "doubles in 412 days",
        "(340–∞)",
    ):
        assert told in part, told
    assert "kernel B30f, then B60f" in part


def test_no_real_change_has_no_doubling_time(site: Site, reader: httpx.Client) -> None:
    earlier_ct(site, {**CHANGED, "change": "no real change", "doubling_days": None, "doubling_interval_days": None})
    assert "no real change" in beside(reader) and "doubles" not in beside(reader)


def test_what_could_not_be_compared_says_why(site: Site, reader: httpx.Client) -> None:
    earlier_ct(site, {"absent": "the lungs of the two scans could not be laid over each other"})
    assert "not compared: the lungs of the two scans" in beside(reader)


@pytest.mark.parametrize(("is_measured", "told"), [(True, "no nodule could be measured"), (False, "has not measured")])
def test_a_prior_without_comparison_says_so(site: Site, reader: httpx.Client, is_measured: bool, told: str) -> None:
    earlier_ct(site, is_measured=is_measured)
    assert told in beside(reader) and "Beside the CT of" in beside(reader)
