"""`Patient/$match`: who may this person be? A list with scores; nothing is linked by it.

Source: hl7.org/fhir/R4/patient-operation-match.html. Whoever bears one of the identifiers is certain; the others are
found by name and birth date (`twin.store.matching`).
"""

import json
from typing import Any

from fastapi import Request, Response
from pydantic import ValidationError

from twin.importers.base import PatientDraft
from twin.importers.fhir import parse
from twin.importers.fhir.models import PatientModel
from twin.importers.fhir.patient import patient_of
from twin.settings import Settings
from twin.store import links, matching, people, resource_people
from twin.store.session import Connection
from twin.web.api.fhir.answers import Answer, Listed, base, bundle, url_of
from twin.web.api.fhir.dependencies import CanRead
from twin.web.api.fhir.negotiation import BodyDep, WishDep
from twin.web.api.fhir.params import is_unsound
from twin.web.api.fhir.patient_view import patient_view
from twin.web.api.fhir.reading import check_params
from twin.web.deps import EngineDep, Now, SettingsDep, record_access
from twin.web.errors import BadRequest, Unprocessable

MATCH_GRADE = "http://hl7.org/fhir/StructureDefinition/match-grade"


def match(
    actor: CanRead, said: WishDep, content: BodyDep, request: Request, engine: EngineDep, settings: SettingsDep,
    now: Now,
) -> Response:  # fmt: skip
    """Return the patients that this one may be, the most likely first."""
    check_params(request.query_params.multi_items())
    draft, count, only_certain = _asked(parse(content))
    with engine.begin() as connection:
        found = _candidates(connection, draft, count)
        shown = [each for each in found if each[2] == "certain"] if only_certain else found
        entries = [_listed(connection, settings, *each) for each in shown]
        for patient_id, _, _ in shown:
            record_access(connection, actor, "fhir.match", patient_id, "POST /fhir/Patient/$match", now=now)
        if not shown:
            record_access(connection, actor, "fhir.match", None, "POST /fhir/Patient/$match", now=now)
    return Answer(status=200, text=bundle("searchset", entries, total=len(entries))).response()


def _asked(body: dict[str, Any]) -> tuple[PatientDraft, int, bool]:
    """Return whom is asked for, how many are wanted, and whether only who is certain.

    Raises:
        BadRequest: these are no Parameters with a Patient.
        Unprocessable: the Patient breaks a rule of FHIR, or says nothing to match by.
    """
    resource: object = body
    named: dict[str, dict[str, Any]] = {}
    if body["resourceType"] != "Patient":
        stated = body.get("parameter")
        listed = [each for each in stated if isinstance(each, dict)] if isinstance(stated, list) else []
        named = {each["name"]: each for each in listed if isinstance(each.get("name"), str)}
        resource = named.get("resource", {}).get("resource")
    if not isinstance(resource, dict) or resource.get("resourceType") != "Patient":
        raise BadRequest("send Parameters with a parameter resource that is a Patient")
    try:
        draft = patient_of(PatientModel.model_validate(resource))
    except (ValidationError, RecursionError):
        raise Unprocessable("the Patient breaks a rule of FHIR") from None
    if not (draft.name or draft.identifiers or draft.birth_date):
        raise Unprocessable("the Patient has neither name nor birth date nor identifier to match by")
    if _is_unsound(draft):
        raise Unprocessable("the Patient holds a character that can't be kept")
    count = str(named.get("count", {}).get("valueInteger", matching.MOST_CANDIDATES))
    if not (count.isascii() and count.isdigit() and int(count[:9]) > 0 and len(count) < 10):
        raise BadRequest("count: a number above 0")
    return draft, int(count), named.get("onlyCertainMatches", {}).get("valueBoolean") is True


def _candidates(connection: Connection, draft: PatientDraft, count: int) -> list[tuple[str, float, str]]:
    """Return patient id, score and grade: first who bears an identifier, then who is alike."""
    bearers = set(people.find_identifiers(connection, draft.identifiers).values())
    certain = sorted(set(links.survivor_of(connection, bearers).values()))
    found = [(patient_id, 1.0, "certain") for patient_id in certain]
    for each in matching.candidates(connection, draft):
        if each.patient_id not in certain:
            found.append((each.patient_id, each.match.score, each.match.grade))
    return found[:count]


def _listed(connection: Connection, settings: Settings, patient_id: str, score: float, grade: str) -> Listed:
    kept = resource_people.newest_patient(connection, links.members_of(connection, patient_id))
    more = {
        "search": {
            "extension": [{"url": MATCH_GRADE, "valueCode": grade}], "mode": "match", "score": round(score, 4),
        }
    }  # fmt: skip
    if kept is not None:
        return Listed(url=url_of(settings, kept), text=kept.body, more=more)
    own = patient_view(connection, settings, patient_id)
    return Listed(url=f"{base(settings)}/Patient/{patient_id}", text=json.dumps(own, ensure_ascii=False), more=more)


def _is_unsound(draft: PatientDraft) -> bool:
    texts = (draft.name, *(part for each in draft.identifiers for part in (each.system, each.value)))
    return any(is_unsound(text) for text in texts)
