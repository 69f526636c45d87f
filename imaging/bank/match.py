"""What does the bank say of lumps in a folder, and of regions that a screening flagged?"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from imaging.bank.cases import Answer, Bank
from imaging.bank.descriptor import describe
from imaging.bank.folder import CutOut, cut_outs
from imaging.bank.lump import numbers_at
from imaging.errors import ImagingError
from imaging.regions import Region
from imaging.volume import Volume

SMALLEST_MM, LARGEST_MM = 3.0, 12.0  # radius of the ball that stands in where a region has no edge to be drawn


@dataclass(frozen=True, kw_only=True)
class Told:
    """One case of a folder: the bank's answer, or why there is none."""

    case: str
    answer: Answer | None
    refused: ImagingError | None = None


def match_folder(folder: Path, bank: Bank) -> Iterator[Told]:
    """Yield what the bank says of each row of `nodules.csv`; a patient of the bank is answered without the patient.

    Raises: ImagingError kinds when the table itself cannot be read.
    """
    for one in cut_outs(folder):
        if isinstance(one, CutOut):
            numbers = describe(one.hu, one.mask, one.spacing_zyx)
            yield Told(case=one.case, answer=bank.answer(numbers, bank.patient_of(one.case, one.content)))
        else:
            yield Told(case=one[0], answer=None, refused=one[1])


def match_regions(volume: Volume, found: Sequence[Region], bank: Bank) -> tuple[Region, ...]:
    """Return the regions with their nearest cases and whether they are like anything known.

    A volume that says it is of a patient of the bank is answered without that patient.
    """
    patient = volume.provenance.patient_id
    own = bank.patient_of(patient, "") if patient else None
    told = []
    for region in found:
        answer = bank.answer(numbers_at(volume, region.centre_lps_mm, _radius(region)), own)
        told.append(replace(region, matches=answer.neighbours, known=not answer.unknown))
    return tuple(told)


def _radius(region: Region) -> float:
    low, high = region.box_lps_mm
    side = min(b - a for a, b in zip(low, high, strict=True))
    return min(max(side / 2, SMALLEST_MM), LARGEST_MM)
