"""Who am I to this instance?"""

from fastapi import APIRouter

from twin.web.deps import CurrentActor
from twin.web.schemas import Me

router = APIRouter()


@router.get("/me")
def me(actor: CurrentActor) -> Me:
    """Who is calling, by session or token, and with which scopes."""
    user = actor.user
    return Me(
        username=user.username, display_name=user.display_name, role=user.role, language=user.language,
        scopes=sorted(actor.scopes),
    )  # fmt: skip
