"""Which records are one person? Pairs side by side for a person to decide about, and links that can be undone."""

from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from twin import merge
from twin.errors import UnknownPatient
from twin.store import matching, people, sides
from twin.store.session import Connection
from twin.store.sides import Side
from twin.store.worklist import is_uuid
from twin.web.api.cursor import pack
from twin.web.api.identity import last_seen
from twin.web.dashboard.access import LinksRecords, places
from twin.web.dashboard.render import render
from twin.web.deps import CsrfChecked, EngineDep, Now, name_of, record_access
from twin.web.errors import BadRequest, NotFound

router = APIRouter()

PAIRS = 10  # pairs on a page: each one is a decision that takes a minute
LINKS = 50  # living links shown, the newest

Asked = Annotated[str, Query(max_length=200, pattern=r"^[^\x00]*$")]
Reason = Annotated[str, Form(min_length=1, max_length=500, pattern=r"^[^\x00]*\S[^\x00]*$")]


@router.get("/identity", name="identity")
def show(
    request: Request,
    user: LinksRecords,
    engine: EngineDep,
    now: Now,
    after: Annotated[str | None, Query(max_length=400)] = None,
    one: Asked = "",
    other: Asked = "",
) -> Response:
    """Return the pairs that wait for a decision and the links there are; with `one` and `other` these two instead."""
    with engine.begin() as connection:
        asked, trouble = _asked(connection, one.strip(), other.strip())
        found = [] if asked else matching.reviews(connection, size=PAIRS, after=last_seen(after))
        known = sides.sides(connection, [whose for each in found for whose in (each.patient_id, each.candidate_id)])
        linked = sides.linked_pairs(connection, size=LINKS)
        waiting = matching.count_open(connection)
        seen = {
            *known,
            *(side.id for side in asked),
            *(side.id for pair in linked for side in (pair.retired, pair.into)),
        }
        for patient_id in sorted(seen):
            record_access(connection, user, "match.list", patient_id, "GET /identity", now=now)
    is_last = len(found) < PAIRS
    following = None if is_last else f"/identity?{urlencode({'after': pack(repr(found[-1].score), str(found[-1].id))})}"
    return render(
        request, "identity.html", user=user, places=places(user), waiting=waiting, linked=linked, next_page=following,
        pairs=[(each, known[each.patient_id], known[each.candidate_id]) for each in found], is_first=after is None,
        asked=asked, match=sides.compared(*asked) if asked else None, one=one, other=other, trouble=trouble, most=LINKS,
    )  # fmt: skip


@router.post("/identity/reviews/{review_id}", name="decide_pair", dependencies=[CsrfChecked])
def decide(
    review_id: int, user: LinksRecords, engine: EngineDep, now: Now,
    decision: Annotated[Literal["link", "dismiss"], Form()], reason: Reason, into: Annotated[str, Form()] = "",
) -> Response:  # fmt: skip
    """Link the two records of a pair, or keep them apart, and go back to the list."""
    if not 0 < review_id < 2**63:
        raise NotFound("no such pair")
    merge.decide_review(
        engine, review_id, is_same=decision == "link", reason=reason, actor=name_of(user), now=now,
        into_id=into or None,
    )  # fmt: skip
    return RedirectResponse("/identity", HTTPStatus.SEE_OTHER)


@router.post("/identity/links", name="link_records", dependencies=[CsrfChecked])
def link(
    user: LinksRecords, engine: EngineDep, now: Now,
    one: Annotated[str, Form()], other: Annotated[str, Form()], into: Annotated[str, Form()], reason: Reason,
) -> Response:  # fmt: skip
    """Link two records that a person has compared, and go to the patient that they are now."""
    if not (is_uuid(one) and is_uuid(other)) or into not in (one, other):
        raise BadRequest("the records are not named")
    retired = other if into == one else one
    merge.merge(engine, retired, into, reason=reason, actor=name_of(user), now=now)
    return RedirectResponse(f"/patients/{into}", HTTPStatus.SEE_OTHER)


@router.post("/identity/links/{retired_id}/undo", name="undo_link", dependencies=[CsrfChecked])
def undo(
    retired_id: str, user: LinksRecords, engine: EngineDep, now: Now, reason: Reason,
    place: Annotated[Literal["identity", "patient"], Form()] = "identity",
) -> Response:  # fmt: skip
    """Undo a link, and go back to where the button was; both records stand for themselves again."""
    if not is_uuid(retired_id):
        raise NotFound("no such record")
    undone = merge.unmerge(engine, retired_id, reason=reason, actor=name_of(user), now=now)
    return RedirectResponse("/identity" if place == "identity" else f"/patients/{undone.into_id}", HTTPStatus.SEE_OTHER)


def _asked(connection: Connection, one: str, other: str) -> tuple[tuple[Side, ...], bool]:
    """Return the two records that were asked for by number or id, and whether they could not be found."""
    if not (one and other):
        return (), False
    try:
        ids = [people.find_patient(connection, each) for each in (one, other)]
    except UnknownPatient:
        return (), True
    known = sides.sides(connection, ids)
    return (tuple(known[each] for each in ids), False) if len(known) == 2 else ((), True)
