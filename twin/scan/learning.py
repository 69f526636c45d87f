"""How does a reader's verdict become a case of this site's own bank, and leave it when it is withdrawn?

It counts from the next screening on. "This study is normal" makes each of its flagged regions normal tissue.
"""

import logging
from datetime import datetime

from sqlalchemy import Engine

from imaging.bank.lump import numbers_at
from imaging.bank.match import LARGEST_MM, SMALLEST_MM
from imaging.errors import ImagingError
from twin.scan.local_bank import DESCRIBED_BY, ORDER
from twin.scan.screening import decoded
from twin.settings import Settings
from twin.store import local_cases, studies
from twin.store.local_cases import Place
from twin.store.verdicts import Verdict

LOG = logging.getLogger(__name__)
MOST = 20  # verdicts a turn: each needs its volume


def learn_once(engine: Engine, settings: Settings, *, now: datetime) -> int:
    """Keep the numbers of regions judged since, drop those of verdicts taken back; return how many were kept."""
    with engine.begin() as connection:
        local_cases.drop_withdrawn(connection)
        said = local_cases.waiting(connection, DESCRIBED_BY, MOST)
    count = 0
    for verdict in said:
        vectors = _vectors(engine, settings, verdict)
        with engine.begin() as connection:
            local_cases.keep(connection, verdict.id, DESCRIBED_BY, vectors, now)
        count += len(vectors)
    return count


def _vectors(engine: Engine, settings: Settings, verdict: Verdict) -> list[tuple[int, bytes]]:
    """Return by rank the numbers of what a verdict is about; none where the slices can't be read any more."""
    with engine.connect() as connection:
        places = local_cases.places_of(connection, verdict)
        study = studies.get(connection, verdict.study_id)
    if study is None or not places:
        return []
    try:
        volume, _ = decoded(engine, settings.home_path, study)
    except ImagingError as error:
        LOG.warning("verdict %s gives no case: %s", verdict.id, type(error).__name__)
        return []
    return [
        (each.rank, numbers_at(volume, each.centre_lps_mm, _radius(each)).astype(ORDER).tobytes()) for each in places
    ]


def _radius(place: Place) -> float:
    low, high = place.box_lps_mm
    side = min(b - a for a, b in zip(low, high, strict=True))
    return min(max(side / 2, SMALLEST_MM), LARGEST_MM)
