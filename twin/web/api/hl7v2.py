"""HL7 v2 over HTTP: one message a request, answered by its acknowledgement."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from twin import messages
from twin.importers.base import DEFAULT_SOURCE
from twin.web.caller import Actor
from twin.web.deps import EngineDep, Now, SettingsDep, record_access, scope
from twin.web.errors import BadRequest

router = APIRouter()

CanImport = Annotated[Actor, Depends(scope("import.write"))]
Source = Annotated[str, Query(min_length=1, max_length=100, pattern=r"^[\w.:/-]+$")]
_EXAMPLE = "MSH|^~\\&|LAB|HOSPITAL|TWIN||20261122090000||ORU^R01|4711|P|2.5.1\rPID|||1^^^HOSPITAL^MR||Example^Eva"


async def message(request: Request) -> bytes:
    """The whole body; its size is bounded outside."""
    return await request.body()


@router.post(
    "/hl7v2",
    response_class=Response,
    responses={200: {"content": {messages.MEDIA_TYPE: {"example": "MSH|...\rMSA|AA|4711"}}}},
    openapi_extra={"requestBody": {"content": {messages.MEDIA_TYPE: {"example": _EXAMPLE}}, "required": True}},
)
def take(
    actor: CanImport,
    content: Annotated[bytes, Depends(message)],
    engine: EngineDep,
    settings: SettingsDep,
    now: Now,
    source: Source = DEFAULT_SOURCE,
) -> Response:
    """Take one message. The acknowledgement (AA, AE, AR) says what became of it; the status is 200 for all three."""
    if not content.strip():
        raise BadRequest("the body is empty; send the message as it is")
    answer = messages.take_message(engine, settings, content, source=source, actor=actor.name, now=now)
    with engine.begin() as connection:
        record_access(connection, actor, "import.message", None, "POST /api/v1/hl7v2", now=now)
    return Response(answer, media_type=messages.MEDIA_TYPE)
