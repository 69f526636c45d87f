"""One patient: who, why now, where the organs are heading, what happened, and where every number came from."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from twin.organs import ORGANS
from twin.record.death import AFTER_DEATH, MEASURED, alive_until, is_after_death
from twin.store import dossier, links, sides
from twin.store.dossier import StoredTwin
from twin.store.session import Connection
from twin.web.dashboard.access import SeesPatients, may_act, may_judge, may_link, places
from twin.web.dashboard.charts import ms, organ_charts
from twin.web.dashboard.ct_beside import shown_studies
from twin.web.dashboard.ct_found import found as findings_of
from twin.web.dashboard.format import days_of, moment
from twin.web.dashboard.panels import OrganPage, all_values, organ_page
from twin.web.dashboard.render import render
from twin.web.dashboard.shown import Body, text_of
from twin.web.dashboard.whynow import standing_of, why_now
from twin.web.deps import EngineDep, Now, SettingsDep, audited, name_of, record_access
from twin.web.errors import BadRequest, NotFound
from twin.web.i18n import translate

router = APIRouter()

ONE_READING = timedelta(minutes=10)  # charts fetched so soon after their page are the page's, not another reading
STILL_RECENT = 3 * 365.25  # days: less than this and five years show enough of the past
KINDS = ("condition", "medication", "procedure", "encounter", "imaging_study", "finding", "death")

Seen = Annotated[str, Depends(audited("patient.read"))]
AsOf = Annotated[str, Query(max_length=10)]


@router.get("/patients/{patient_id}", name="patient")
def show(
    request: Request,
    user: SeesPatients,
    patient_id: Seen,
    engine: EngineDep,
    settings: SettingsDep,
    now: Now,
    as_of: AsOf = "",
) -> Response:
    """Return the page; with `as_of` as things were known at the end of that day, once the worker has computed it.

    A record that is merged into another leads there.
    """
    today = now.date()
    day = _past_day(as_of, today)
    with engine.begin() as connection:
        survivor = links.survivor_of(connection, [patient_id])[patient_id]
        if survivor != patient_id:
            return _to_survivor(survivor, day)
        head = dossier.head(connection, patient_id)
        if day is not None and head is not None and head.birth_date is not None and day < head.birth_date:
            raise BadRequest("the date lies before the patient was born")
        stored = dossier.stored_twin(connection, patient_id)
        body, organs = _twin(connection, patient_id, day, stored)
        merged = sides.merged_records(connection, patient_id)
        for pair in merged:
            record_access(connection, user, "patient.read", pair.retired.id, "merged record", now=now)
        histories = dossier.histories(connection, patient_id)
        studies = shown_studies(connection, patient_id)
        imports = dossier.imports(connection, patient_id)
    if head is None:
        raise NotFound("no such patient")
    is_waiting = day is not None and body is None
    if "HX-Request" in request.headers:  # the page that waits for another day asks whether it is there
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={} if is_waiting else {"HX-Refresh": "true"})
    return render(
        request, "patient.html", user=user, places=places(user), head=head, body=body, stored=stored, today=today,
        aged_on=_aged_on(body, day or today),
        as_of=day, is_waiting=is_waiting, can_act=may_act(user) and day is None, settings=settings, studies=studies,
        organs=_ordered([organ_page(organ) for organ in organs]), histories=histories, imports=imports,
        years_shown=_years_shown(body, organs),
        blocks=[] if day else why_now(histories, organs, today), events=_events(body), standing_of=standing_of,
        findings=findings_of(body),
        patient_id=patient_id, merged=merged, can_link=may_link(user), can_judge=may_judge(user),
    )  # fmt: skip


def _to_survivor(survivor: str, day: date | None) -> Response:
    asked = f"?as_of={day.isoformat()}" if day else ""
    return RedirectResponse(f"/patients/{survivor}{asked}", HTTPStatus.SEE_OTHER)


def _aged_on(body: Body | None, day: date) -> date:
    """Return the day to tell the age of: that of death, where it came before `day`."""
    died = moment(body["patient"]["died_at"]) if body else None
    return day if died is None else min(day, died.date())


def _years_shown(body: Body | None, organs: Sequence[Body]) -> int:
    """Return how many years the charts open with: five, or ten where nothing was measured in most of those five."""
    signals = [signal for organ in organs for signal in organ["signals"]]
    points = (point["observed_at"] for signal in signals for point in signal["points"][-1:])
    newest = max((days_of(at) for at in points), default=None)
    if body is None or newest is None or days_of(body["as_of"]) - newest < STILL_RECENT:
        return 5
    return 10


@router.get("/patients/{patient_id}/organs/{organ}.json", name="charts")
def charts(
    request: Request, user: SeesPatients, patient_id: str, organ: str, engine: EngineDep, now: Now, as_of: AsOf = ""
) -> Response:
    """Return the charts of one organ; a reading of its own in the audit, unless it belongs to a page just read."""
    with engine.begin() as connection:
        if dossier.head(connection, patient_id) is None:
            raise NotFound("no such patient")
        if not dossier.was_read_since(connection, patient_id, name_of(user), now - ONE_READING):
            record_access(connection, user, "patient.read", patient_id, f"organs/{organ}", now=now)
        day = _past_day(as_of, now.date())
        stored = dossier.stored_twin(connection, patient_id)
        body, organs = _twin(connection, patient_id, day, stored)
    found = next((each for each in organs if each["key"] == organ), None)
    if found is None or body is None:
        raise NotFound("no forecast of this organ")
    language = request.state.language
    return JSONResponse(organ_charts(found, moment(body["as_of"]), translate(language).gettext, language))


@router.get("/patients/{patient_id}/events.json", name="events")
def events(
    request: Request, user: SeesPatients, patient_id: str, engine: EngineDep, now: Now, as_of: AsOf = ""
) -> Response:
    """Return the event lane: what happened, the recalls, and today."""
    with engine.begin() as connection:
        if dossier.head(connection, patient_id) is None:
            raise NotFound("no such patient")
        if not dossier.was_read_since(connection, patient_id, name_of(user), now - ONE_READING):
            record_access(connection, user, "patient.read", patient_id, "events", now=now)
        stored = dossier.stored_twin(connection, patient_id)
        body, _ = _twin(connection, patient_id, _past_day(as_of, now.date()), stored)
        histories = dossier.histories(connection, patient_id)
    rows = [[ms(event["at"]), event["kind"], event["display"], event["fact_id"]] for event in _events(body)]
    live = [each.row for each in histories if each.is_live]
    due = [[ms(row.due_at), text_of(row.examination, request.state.language)] for row in live]
    return JSONResponse({"asOf": ms(body["as_of"]) if body else ms(now), "events": rows, "due": due})


@router.get("/patients/{patient_id}/organs/{organ}/values/{panel}", name="values")
def values(
    request: Request,
    user: SeesPatients,
    patient_id: Seen,
    organ: str,
    panel: str,
    engine: EngineDep,
) -> Response:
    """Return every value of one signal or score as a table."""
    with engine.connect() as connection:
        head = dossier.head(connection, patient_id)
        body = dossier.organ(connection, patient_id, organ)
    found = all_values(body, panel) if body is not None else None
    if found is None or head is None:
        raise NotFound("no such panel")
    return render(
        request, "values.html", user=user, places=places(user), head=head, panel=found, organ=organ,
        patient_id=patient_id,
    )  # fmt: skip


@router.get("/patients/{patient_id}/facts/{fact_id}", name="fact")
def fact(request: Request, user: SeesPatients, patient_id: Seen, fact_id: int, engine: EngineDep) -> Response:
    """Return where one number came from: as received, its times, its import and its place in it."""
    with engine.connect() as connection:
        head = dossier.head(connection, patient_id)
        found = dossier.provenance(connection, patient_id, fact_id) if fact_id < 2**63 else None
        last = alive_until(dossier.deaths(connection, patient_id))
    if found is None:
        raise NotFound("no such fact of this patient")
    is_late = last is not None and found.kind in MEASURED and is_after_death(found.observed_at, last)
    is_part = "HX-Request" in request.headers
    return render(
        request, "_fact.html" if is_part else "fact.html", user=user, places=places(user), head=head, fact=found,
        unused=AFTER_DEATH if is_late and found.quality == "ok" else found.quality, patient_id=patient_id,
    )  # fmt: skip


@router.get("/patients/{patient_id}/studies/{study_id}/{rank}.png", name="key_slice")
def key_slice(user: SeesPatients, patient_id: str, study_id: int, rank: int, engine: EngineDep, now: Now) -> Response:
    """Return the picture of a flagged region."""
    with engine.begin() as connection:
        fits = 0 < study_id < 2**63 and 0 <= rank < 2**31
        known = fits and dossier.head(connection, patient_id) is not None
        png = dossier.picture(connection, patient_id, study_id, rank) if known else None
        if png is None:
            raise NotFound("no such picture")
        if not dossier.was_read_since(connection, patient_id, name_of(user), now - ONE_READING):
            record_access(connection, user, "patient.read", patient_id, f"studies/{study_id}/{rank}", now=now)
    return Response(png, media_type="image/png")


def _twin(
    connection: Connection, patient_id: str, day: date | None, stored: StoredTwin | None
) -> tuple[Body | None, Sequence[Body]]:
    """Return the snapshot and its organs: the stored one, or the one as known at the end of `day`, asked for if new."""
    if day is None:
        return (stored.body, stored.organs) if stored else (None, ())
    at = datetime.combine(day, time(23, 59, 59), UTC)
    view: Mapping[str, Any] | None = dossier.view(connection, patient_id, at)
    if view is None:
        dossier.request_view(connection, patient_id, at)
        return None, ()
    return view, view.get("organs", ())


def _ordered(pages: Sequence[OrganPage]) -> list[OrganPage]:
    """Return the organs in display order, those with nothing to follow last."""
    places = [each.key for each in ORGANS]
    return sorted(pages, key=lambda page: (not page.panels, places.index(page.key) if page.key in places else 99))


def _events(body: Body | None) -> list[Body]:
    return [event for event in (body or {}).get("events", ()) if event["kind"] in KINDS]


def _past_day(asked: str, today: date) -> date | None:
    if not asked:
        return None
    try:
        day = date.fromisoformat(asked)
    except ValueError as error:
        raise BadRequest("the date is not one") from error
    if day.year < 1900:
        raise BadRequest("the date is too far back")
    return day if day < today else None
