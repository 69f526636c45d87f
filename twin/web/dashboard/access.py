"""Who may open which page? The roles follow the scopes of the API (`twin.store.api_tokens.ROLE_SCOPES`)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends

from twin.store.accounts import Role, User
from twin.web.dashboard.names import N_
from twin.web.deps import require

PATIENT_ROLES: tuple[Role, ...] = ("clinician", "coordinator", "reader")
RECALL_ROLES: tuple[Role, ...] = ("clinician", "coordinator")
JUDGE_ROLES: tuple[Role, ...] = ("reader", "clinician")
LINK_ROLES: tuple[Role, ...] = ("clinician", "coordinator")
IMPORT_ROLES: tuple[Role, ...] = ("clinician", "reader", "integrator", "admin")

SeesPatients = Annotated[User, Depends(require(*PATIENT_ROLES))]
ActsOnRecalls = Annotated[User, Depends(require(*RECALL_ROLES))]
JudgesCT = Annotated[User, Depends(require(*JUDGE_ROLES))]
LinksRecords = Annotated[User, Depends(require(*LINK_ROLES))]
SeesImports = Annotated[User, Depends(require(*IMPORT_ROLES))]
Administers = Annotated[User, Depends(require("admin"))]
SignedIn = Annotated[User, Depends(require())]


@dataclass(frozen=True, kw_only=True)
class Place:
    """An entry of the top bar."""

    path: str
    title: str
    roles: tuple[Role, ...]


EVERYONE: tuple[Role, ...] = ("clinician", "coordinator", "reader", "integrator", "admin")
PLACES: tuple[Place, ...] = (
    Place(path="/", title=N_("Worklist"), roles=PATIENT_ROLES),
    Place(path="/reading", title=N_("Reading"), roles=PATIENT_ROLES),
    Place(path="/patients", title=N_("Patients"), roles=PATIENT_ROLES),
    Place(path="/identity", title=N_("Who is who"), roles=LINK_ROLES),
    Place(path="/imports", title=N_("Imports"), roles=IMPORT_ROLES),
    Place(path="/rules", title=N_("Rules"), roles=EVERYONE),
    Place(path="/admin", title=N_("Admin"), roles=("admin",)),
)


def places(user: User | None) -> Sequence[Place]:
    """Return what the top bar offers this person."""
    return () if user is None else [place for place in PLACES if user.role in place.roles]


def may_link(user: User) -> bool:
    """Return whether this person may link records and undo links."""
    return user.role in LINK_ROLES


def may_judge(user: User) -> bool:
    """Return whether this person may say what a CT or one of its regions shows."""
    return user.role in JUDGE_ROLES


def may_act(user: User) -> bool:
    """Return whether this person may approve, snooze, assign or close recalls."""
    return user.role in RECALL_ROLES
