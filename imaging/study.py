"""A CT in, the places to look at out: the whole chain with its times.

`screen_path` is what `twin ct screen` prints. Nothing here knows a patient record or a database.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from time import perf_counter

from imaging.archive import LIMITS, Limits
from imaging.blocks import blocks_of, cells_of
from imaging.candidates import candidates
from imaging.lump import lumps
from imaging.lung_mask import lungs
from imaging.regions import MOST_REGIONS, Region, flagged, regions
from imaging.score import SCALES_MM, ScoreModel, score_blocks, score_places, shipped
from imaging.source import read_path
from imaging.volume import Provenance, Volume

Compare = Callable[[Volume, tuple[Region, ...]], tuple[Region, ...]]  # adds matches and `known` from a bank
MOST_PLACES = (800, 300, 60, 30)  # of each block size that get a second look; fewer lose nodules under 6 mm


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Milliseconds of each step; `in_memory` is all but reading. `match` is 0 without a bank."""

    read: float
    mask: float
    features: float
    score: float
    match: float
    in_memory: float


@dataclass(frozen=True, kw_only=True)
class Screening:
    """What screening one series found. `regions` are places to look at, no diagnosis; none is no proof of health."""

    series: Provenance
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    timing_ms: Timing
    blocks: int
    flagged: int
    regions: tuple[Region, ...]
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """Return the JSON form of `twin ct screen --json`; what identifies the patient is left out.

        `known` is null and `matches` empty where there was no bank to compare with: nothing is claimed.
        """
        series = self.series.described()
        series |= {"shape": list(self.shape), "spacing_mm": [round(mm, 6) for mm in self.spacing_mm]}
        series["warnings"] = [*self.series.warnings, *self.warnings]
        return {
            "series": series,
            "timing_ms": {name: round(ms, 1) for name, ms in asdict(self.timing_ms).items()},
            "blocks": self.blocks,
            "flagged": self.flagged,
            "regions": [_region_json(region) for region in self.regions],
        }


def screen(
    volume: Volume,
    read_ms: float = 0.0,
    bank: Compare | None = None,
    model: ScoreModel | None = None,
    most: int = MOST_REGIONS,
) -> Screening:
    """Return the places of a volume that look like a lump in the lung, the most suspicious first.

    A scan without aerated lung is not an error: no blocks, no regions, and a warning that nothing was screened.
    Args: bank: compares the regions with annotated cases; model: other weights than the shipped ones; most: regions.
    """
    model = model or shipped()
    times = [perf_counter()]
    lung = lungs(volume)
    times.append(perf_counter())
    if lung is None:
        none = "no aerated lung was found: nothing was screened"
        return _screening(volume, read_ms, times, blocks=0, flagged_blocks=0, found=(), warnings=(none,))
    cells = cells_of(volume.hu, volume.spacing_mm, lung.mask, lung.step)
    sized = [blocks_of(cells, size_mm, lung.lung_hu) for size_mm in SCALES_MM]
    times.append(perf_counter())
    scored = score_blocks(sized, lung.lung_hu, model)
    places = candidates(cells, scored, MOST_PLACES)
    seen = lumps(volume, lung, places)
    found = regions(volume, places, seen, score_places(places, seen, model), most)
    times.append(perf_counter())
    if bank is not None:
        found = bank(volume, found)
    times.append(perf_counter())
    count = sum(int((blocks.filled > 0).sum()) for blocks in sized)
    return _screening(volume, read_ms, times, blocks=count, flagged_blocks=flagged(scored), found=found, warnings=())


def screen_path(
    path: Path, series_uid: str | None = None, limits: Limits = LIMITS, bank: Compare | None = None
) -> Screening:
    """Return the screening of the CT series under a folder, file or archive.

    Args: series_uid: which one, where there are several; else the one with most slices of the one patient there.
    Raises: ImagingError kinds with the reason; MixedSeries when images of several patients lie there.
    """
    volume, read_ms = read_path(path, series_uid, limits)
    return screen(volume, read_ms, bank)


def _screening(
    volume: Volume,
    read_ms: float,
    times: list[float],
    *,
    blocks: int,
    flagged_blocks: int,
    found: tuple[Region, ...],
    warnings: tuple[str, ...],
) -> Screening:
    times = times + times[-1:] * (5 - len(times))  # a step that did not run took no time
    mask, features, scoring, match = ((later - earlier) * 1000 for earlier, later in pairwise(times))
    timing = Timing(
        read=read_ms, mask=mask, features=features, score=scoring, match=match, in_memory=(times[-1] - times[0]) * 1000
    )
    z, y, x = volume.hu.shape
    return Screening(
        series=volume.provenance,
        shape=(x, y, z),
        spacing_mm=volume.spacing_mm,
        timing_ms=timing,
        blocks=blocks,
        flagged=flagged_blocks,
        regions=found,
        warnings=warnings,
    )


def _region_json(region: Region) -> dict[str, object]:
    return {
        "rank": region.rank,
        "score": region.score,
        "centre_lps_mm": list(region.centre_lps_mm),
        "box_lps_mm": [list(corner) for corner in region.box_lps_mm],
        "features": region.features,
        "matches": [asdict(match) for match in region.matches],
        "known": region.known,
    }
