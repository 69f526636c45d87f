"""What do the bodies of the JSON API about CT look like?"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from twin.store.verdicts import OfRegion, OfStudy
from twin.web.schemas import EXAMPLE_PATIENT, Asked, Text


class StudyVerdict(BaseModel):
    """What one reader said: of a region (`rank`) or of the whole series. A withdrawn one no longer counts."""

    id: Annotated[int, Field(examples=[12])]
    rank: Annotated[int | None, Field(examples=[1])]
    said: Annotated[str, Field(examples=["harmless"])]
    note: str
    said_by: Annotated[str, Field(examples=["li.wang"])]
    said_at: datetime
    withdrawn_by: str | None = None
    withdrawn_at: datetime | None = None


class StudyLine(BaseModel):
    """A CT series on the readers' list; `score` is that of its highest region, null where none was flagged."""

    id: Annotated[int, Field(examples=[7])]
    patient_id: Annotated[str | None, Field(examples=[EXAMPLE_PATIENT])]
    status: Annotated[str, Field(examples=["screened"])]
    acquired_at: datetime | None
    received_at: datetime
    score: Annotated[float | None, Field(examples=[0.43])]
    regions: Annotated[int | None, Field(examples=[3])]
    called_at: Annotated[datetime | None, Field(description="when the readers were told of it")]
    said: Annotated[str | None, Field(description="what stands of the whole series", examples=["normal"])]


class StudyList(BaseModel):
    """The readers' list, the highest score first."""

    studies: list[StudyLine]


class MeasureChange(BaseModel):
    """A measure beside the latest earlier CT that has it; `differs` says what of scanner and protocol changed."""

    study_id: Annotated[int, Field(examples=[3])]
    acquired_at: datetime | None
    value: Annotated[float, Field(description="the earlier value", examples=[38.1])]
    sd: Annotated[float | None, Field(examples=[0.6])]
    difference: Annotated[float, Field(description="this one less the earlier one", examples=[2.4])]
    least_real: Annotated[
        float | None, Field(description="the smallest real difference: 1.96 times the joint error", examples=[2.3])
    ]
    verdict: Literal["changed", "no_real_change", "cannot_tell"]
    differs: Annotated[list[str], Field(examples=[["the kernel changed from B30f to B70f"]])]


class StudyMeasure(BaseModel):
    """One number of a CT, or why there is none: exactly one of `value` and `refused` is set."""

    key: Annotated[str, Field(examples=["aorta_diameter_mm"])]
    level: Annotated[str | None, Field(examples=["mid ascending"])] = None
    value: Annotated[float | None, Field(examples=[40.5])]
    sd: Annotated[float | None, Field(description="one standard deviation, in the value's unit", examples=[1.0])]
    unit: Annotated[str, Field(description="UCUM", examples=["mm"])]
    refused: Annotated[str | None, Field(examples=[None])]
    method: Annotated[str, Field(examples=["largest chord of the smallest cut near square to the middle line"])]
    source: Annotated[str, Field(examples=["ESC 2014, doi:10.1093/eurheartj/ehu281"])] = ""
    caution: str | None = None
    change: MeasureChange | None = None


class RegionMeasured(BaseModel):
    """What was outlined in a flagged region: what it is, is for a reader to say."""

    rank: Annotated[int, Field(examples=[1])]
    kind: Annotated[str | None, Field(examples=["solid"])]
    measurements: list[StudyMeasure]
    change: dict[str, Any] | None = None  # as `imaging.measure.growth` says it; or `absent` with the reason


class StudyMeasured(BaseModel):
    """What was measured in a series, what was refused and what was not looked for, each with its reason."""

    version: Annotated[str, Field(examples=["2026-11.1"])]
    measured_at: datetime
    refused: Annotated[str | None, Field(description="why nothing at all was measured", examples=[None])]
    contrast: Annotated[str | None, Field(examples=["enhanced"])] = None
    unfit: Annotated[
        dict[str, str], Field(description="by use", examples=[{"calcium": "contrast was given (aorta 411 HU)"}])
    ] = {}
    cautions: Annotated[
        dict[str, str],
        Field(description="by use", examples=[{"lung_density": "slices of 2.5 mm, best at most 1.5 mm"}]),
    ] = {}
    measurements: list[StudyMeasure] = []
    regions: list[RegionMeasured] = []
    not_looked_for: Annotated[
        dict[str, str], Field(description="by finding", examples=[{"renal_mass": "kidney left is not labelled"}])
    ] = {}
    compared_with: Annotated[int | None, Field(description="the series that nodules were compared with")] = None


class StudyFull(BaseModel):
    """One CT series: what was seen in it, and what readers say of that."""

    id: Annotated[int, Field(examples=[7])]
    patient_id: Annotated[str | None, Field(examples=[EXAMPLE_PATIENT])]
    series_uid: str
    study_uid: str
    status: str
    refused: str | None
    acquired_at: datetime | None
    received_at: datetime
    screened_at: datetime | None
    described: dict[str, Any]  # what the headers say of scanner and protocol; keys differ by vendor
    screening: dict[str, Any] | None  # as `twin ct screen --json` prints it
    measured: Annotated[StudyMeasured | None, Field(description="null until the worker measured the series")]
    has_volume: Annotated[bool, Field(description="whether volume.nii.gz can be fetched")]
    has_labels: bool
    verdicts: list[StudyVerdict]


class AskedVerdict(Asked):
    """A reader's word: of the region of this rank, or without one of the whole series."""

    said: OfRegion | OfStudy
    rank: Annotated[int | None, Field(ge=1, lt=2**31, examples=[1])] = None
    note: Text = ""


class AskedPatient(Asked):
    """Whose a series is that waits for somebody to say so: a patient's id or one of their numbers."""

    patient: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00]+$", examples=["0012345"])]
    despite: Annotated[bool, Field(description="Also where the series names another birth date or sex.")] = False


class TakenBack(BaseModel):
    """From whom a series was taken back; it waits for somebody to say whose it is."""

    patient_id: Annotated[str, Field(examples=[EXAMPLE_PATIENT])]
    status: Literal["needs_patient"] = "needs_patient"


class GivenPatient(BaseModel):
    """To whom a series was given; it is screened from then on."""

    patient_id: Annotated[str, Field(examples=[EXAMPLE_PATIENT])]
    status: Literal["queued"] = "queued"
