"""Which CTs of a patient does the PACS hold, and may we have them? Asked by DICOMweb, bounded, and checked on arrival.

The PACS is asked by the patient's record numbers. What comes must be of the study that was asked for and of one of
those numbers; anything else is refused. Source: PS3.18 10.4 (WADO-RS), 10.6 (QIDO-RS).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from email.message import Message
from urllib.parse import urlsplit

import httpx
from sqlalchemy import Engine

from imaging.errors import ImagingError
from imaging.instance import Instance
from imaging.receive.instance import read_instance
from twin.arrivals import Arrivals, Came
from twin.errors import ConfigurationError, TwinError
from twin.scan import files
from twin.scan.files import Staged
from twin.scan.parts import Parts
from twin.settings import Settings
from twin.store import people, studies

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
_SILENCE_S = 60.0  # between two pieces, not for a whole study
_MOST_STUDIES = 200
_UID = re.compile(r"[0-9.]{1,64}")
_NUMBERS = frozenset({"MR", "MRN"})  # HL7 table 0203: medical record number
_GB = 1_000_000_000
_TOGETHER = 50  # images taken in one transaction


class PacsError(TwinError):
    """The PACS did not give what was asked of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prior:
    """A CT study that the PACS holds."""

    study_uid: str
    patient_number: str
    date: str | None
    description: str | None
    images: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Retrieved:
    """What became of one study that was retrieved."""

    study_uid: str
    kept: int
    refused: int


def echo(settings: Settings) -> None:
    """Ask the PACS for one study, to see whether it answers.

    Raises:
        ConfigurationError, PacsError.
    """
    with _client(settings) as client:
        _found(client, {"limit": "1"})


def query(engine: Engine, settings: Settings, patient_id: str) -> list[Prior]:
    """Return the CT studies that the PACS holds under the patient's record numbers, the newest first.

    Raises:
        ConfigurationError: no PACS is set up, or it can't be spoken to safely.
        PacsError: it does not answer as DICOMweb says.
    """
    found: dict[str, Prior] = {}
    with _client(settings) as client:
        for number in _numbers(engine, patient_id):
            keys = {"PatientID": _literal(number), "ModalitiesInStudy": "CT", "limit": str(_MOST_STUDIES)}
            for told in _found(client, keys):
                prior = _prior(told)
                if prior is not None and prior.patient_number == number:  # some match more than they were asked for
                    found[prior.study_uid] = prior
    return sorted(found.values(), key=lambda each: each.date or "", reverse=True)


def retrieve(
    engine: Engine, settings: Settings, patient_id: str, study_uid: str, *, actor: str, clock: Callable[[], datetime]
) -> Retrieved:
    """Retrieve a study of this patient, whole or (where the line breaks) not at all.

    Raises:
        ConfigurationError, PacsError.
        OutOfSpace: the disk is full.
    """
    if not _UID.fullmatch(study_uid):
        raise PacsError("this is no study UID")
    files.check_room(settings)
    numbers = set(_numbers(engine, patient_id))
    staged = _fetched(settings, study_uid)
    arrivals = Arrivals(engine=engine, settings=settings, name=f"PACS study {study_uid}", actor=actor, clock=clock)
    kept = 0
    try:
        for start in range(0, len(staged), _TOGETHER):
            came = [_checked(each, numbers) for each in staged[start : start + _TOGETHER]]
            kept += sum(answer.failure is None for answer in arrivals.take(came, study_uid=study_uid))
    finally:
        arrivals.close()
        for each in staged:
            files.forget(each)
    return Retrieved(study_uid=study_uid, kept=kept, refused=len(staged) - kept)


def retrieve_priors(
    engine: Engine, settings: Settings, patient_id: str, *, actor: str, clock: Callable[[], datetime]
) -> list[Retrieved]:
    """Retrieve every CT study of this patient that is not here whole. Done again, it fetches what is still missing.

    Raises:
        ConfigurationError, PacsError, OutOfSpace.
    """
    done = []
    for prior in query(engine, settings, patient_id):
        with engine.connect() as connection:
            here = studies.images_of_study(connection, prior.study_uid)
        if here == 0 or (prior.images is not None and here < prior.images):
            done.append(retrieve(engine, settings, patient_id, prior.study_uid, actor=actor, clock=clock))
    with engine.begin() as connection:
        studies.note_priors_asked(connection, patient_id, clock())
    return done


def _client(settings: Settings) -> httpx.Client:
    if settings.pacs_url is None:
        raise ConfigurationError("no PACS is set up: TWIN_PACS_URL names none")
    address = urlsplit(settings.pacs_url)
    has_secret = settings.pacs_token is not None or settings.pacs_password is not None
    if address.scheme not in ("http", "https") or not address.hostname:
        raise ConfigurationError("TWIN_PACS_URL is no address of a web service")
    if address.scheme == "http" and has_secret and address.hostname not in _LOCAL:
        raise ConfigurationError("a password or token is sent to a PACS by https only")
    auth = None
    if settings.pacs_user is not None:
        password = settings.pacs_password.get_secret_value() if settings.pacs_password is not None else ""
        auth = httpx.BasicAuth(settings.pacs_user, password)
    token = settings.pacs_token
    headers = {"Authorization": f"Bearer {token.get_secret_value()}"} if token is not None else {}
    base = settings.pacs_url.rstrip("/") + "/"
    return httpx.Client(base_url=base, auth=auth, headers=headers, timeout=_SILENCE_S, follow_redirects=False)


def _found(client: httpx.Client, keys: dict[str, str]) -> list[dict[str, object]]:
    try:
        answered = client.get("studies", params=keys, headers={"Accept": "application/dicom+json"})
    except httpx.HTTPError as error:
        raise PacsError(f"the PACS does not answer ({type(error).__name__})") from None
    if answered.status_code == 204:
        return []
    if answered.status_code != 200:
        raise PacsError(f"the PACS answered {answered.status_code}")
    try:
        told = answered.json()
    except ValueError:
        raise PacsError("the PACS did not answer in JSON") from None
    if not isinstance(told, list):
        raise PacsError("the PACS did not answer with a list")
    return [each for each in told[:_MOST_STUDIES] if isinstance(each, dict)]


def _prior(told: dict[str, object]) -> Prior | None:
    uid, number = _first(told, "0020000D"), _first(told, "00100020")
    if uid is None or number is None or not _UID.fullmatch(uid):
        return None
    images = _first(told, "00201208") or ""
    return Prior(
        study_uid=uid, patient_number=number, date=_first(told, "00080020"), description=_first(told, "00081030"),
        images=int(images) if images.isdecimal() else None,
    )  # fmt: skip


def _first(told: dict[str, object], tag: str) -> str | None:
    element = told.get(tag)
    values = element.get("Value") if isinstance(element, dict) else None
    return str(values[0]).strip() if isinstance(values, list) and values and values[0] is not None else None


def _fetched(settings: Settings, study_uid: str) -> list[Staged]:
    accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
    with _client(settings) as client:
        try:
            with client.stream("GET", f"studies/{study_uid}", headers={"Accept": accept}) as answered:
                if answered.status_code != 200:
                    raise PacsError(f"the PACS answered {answered.status_code} for the study")
                return _received(settings, answered)
        except httpx.HTTPError as error:
            raise PacsError(f"the study did not come whole ({type(error).__name__})") from None


def _received(settings: Settings, answered: httpx.Response) -> list[Staged]:
    kind = Message()
    kind["Content-Type"] = answered.headers.get("content-type", "")
    boundary = kind.get_boundary()
    if kind.get_content_type() != "multipart/related" or not boundary:
        raise PacsError("the PACS did not answer with multipart/related")
    parts = Parts(folder=files.arriving(settings.home_path), boundary=boundary.encode())
    size = 0
    try:
        for chunk in answered.iter_bytes():
            size += len(chunk)
            if size > settings.pacs_max_gb * _GB:
                raise PacsError(f"the study is larger than {settings.pacs_max_gb:g} GB")
            parts.feed(chunk)
        return parts.finish()
    except BaseException as error:
        parts.forget()
        if isinstance(error, ValueError):
            raise PacsError("the PACS answered with a damaged multipart") from None
        raise


def _checked(staged: Staged, numbers: set[str]) -> Came:
    """Read a file; one that names another patient is as good as none."""
    read: Instance | ImagingError
    try:
        read = read_instance(staged.path)
    except ImagingError as error:
        read = error
    if isinstance(read, Instance) and read.said.patient_id not in numbers:
        read = replace(read, said=replace(read.said, study_uid=None))  # refused as not belonging to what was asked for
    return Came(staged=staged, read=read)


def _numbers(engine: Engine, patient_id: str) -> Sequence[str]:
    """Return the numbers under which a PACS may know the patient: record numbers, else whatever identifies them."""
    with engine.connect() as connection:
        identifiers = people.get_patient(connection, patient_id).identifiers
    named = [each.value for each in identifiers if each.kind in _NUMBERS]
    return sorted(set(named or [each.value for each in identifiers]))


def _literal(number: str) -> str:
    """A number with a wildcard in it would match strangers.

    Raises: PacsError.
    """
    if set("*?\\,") & set(number):
        raise PacsError("the patient's record number holds a sign that matches others")
    return number
