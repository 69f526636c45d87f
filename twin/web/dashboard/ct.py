"""One CT to look through: its slices with the flagged regions, in the windows that readers use."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi import Path as InPath
from sqlalchemy import Row

from twin.store import dossier
from twin.web.dashboard.access import SeesPatients, places
from twin.web.dashboard.names import N_
from twin.web.dashboard.render import render
from twin.web.deps import EngineDep, Now, SettingsDep, audited
from twin.web.errors import NotFound
from twin.web.volumes import LABELS, VOLUME, file_of

router = APIRouter()

Seen = Annotated[str, Depends(audited("patient.read"))]
StudyId = Annotated[int, InPath(ge=1, lt=2**63)]


@dataclass(frozen=True, kw_only=True)
class Window:
    """A grey scale: Hounsfield units from `centre_hu` - half of `width_hu` (black) to + half (white)."""

    key: str
    title: str
    centre_hu: int
    width_hu: int


WINDOWS = (  # settings in common use (radiopaedia.org/articles/windowing-ct); lung is that of the key slices
    Window(key="lung", title=N_("Lung"), centre_hu=-600, width_hu=1500),
    Window(key="mediastinum", title=N_("Mediastinum"), centre_hu=50, width_hu=350),
    Window(key="bone", title=N_("Bone"), centre_hu=400, width_hu=1800),
    Window(key="liver", title=N_("Liver"), centre_hu=30, width_hu=150),
)
VIEWS = (
    ("axial", N_("Axial"), "x"),
    ("coronal", N_("Coronal"), "c"),
    ("sagittal", N_("Sagittal"), "g"),
    ("all", N_("All three"), "m"),
)


@dataclass(frozen=True, kw_only=True)
class Organ:
    """An organ of the label file: its numbers there, and the colour of its outline on the near-black of the view."""

    key: str
    numbers: tuple[int, ...]
    colour: str


# Numbers as our own segmenter writes them (1 is the rest of the body, which is left out; a test compares). Colours of
# Okabe and Ito's family, lightened for the dark ground; none is the amber of the regions' boxes.
ORGANS = (
    Organ(key="lungs", numbers=(2, 3), colour="#56b4e9"),
    Organ(key="airways", numbers=(4,), colour="#f0e442"),
    Organ(key="heart", numbers=(10,), colour="#e08fc0"),
    Organ(key="aorta", numbers=(9,), colour="#ff7a66"),
    Organ(key="liver", numbers=(7,), colour="#00c08b"),
    Organ(key="spleen", numbers=(8,), colour="#b58cff"),
    Organ(key="kidneys", numbers=(21, 22), colour="#f2c4a0"),
    Organ(key="bone", numbers=(5, 6, *range(11, 20)), colour="#c8ccd0"),
    Organ(key="paraspinal_muscles", numbers=(20,), colour="#b8c46a"),
)


@router.get("/patients/{patient_id}/studies/{study_id}", name="ct_view")
def ct_view(
    request: Request, user: SeesPatients, patient_id: Seen, study_id: StudyId, engine: EngineDep, settings: SettingsDep,
    now: Now, region: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
) -> Response:  # fmt: skip
    """Return the CT view: a page of its own, or the part that is swapped into the patient's page."""
    with engine.connect() as connection:
        head = dossier.head(connection, patient_id)
        found = dossier.studies(connection, patient_id)
        has_volume, has_labels = (
            file_of(connection, settings, study_id, name) is not None for name in (VOLUME, LABELS)
        )
    study, slices = next(((row, pictures) for row, pictures in found if row.id == study_id), (None, ()))
    if study is None or head is None:
        raise NotFound("no such CT of this patient")
    is_part = "HX-Request" in request.headers
    return render(
        request, "_ct_view.html" if is_part else "ct.html", user=user, places=places(user), head=head, study=study,
        slices=slices, patient_id=patient_id, today=now.date(), windows=WINDOWS, views=VIEWS, organs=ORGANS,
        legend=[{"numbers": organ.numbers, "colour": organ.colour} for organ in ORGANS],
        regions=regions_of(study), first=region, has_volume=has_volume,
        has_labels=has_labels,
    )  # fmt: skip


def regions_of(study: Row) -> Sequence[Mapping[str, Any]]:
    """Return what the view draws of each flagged region: rank, score, centre and box in LPS mm."""
    told = (study.screening or {}).get("regions", ())
    return [
        {
            "rank": each["rank"],
            "score": each["score"],
            "box": each["box_lps_mm"],
            "centre": each.get("centre_lps_mm"),
        }
        for each in told
        if each.get("box_lps_mm")
    ]
