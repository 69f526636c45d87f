"""How are TotalSegmentator's labels used? Its published files are read; the tool is run where it is installed.

Optional extra `totalsegmentator` (Wasserthal 2023, doi:10.1148/ryai.230024; Apache-2.0, its weights are downloaded by
the tool itself on first use, 1.5 mm models; a GPU or many minutes). It is run as its own command, so that nothing of
it is loaded here.
"""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from imaging.errors import NoSegmenter
from imaging.labels import Labels
from imaging.nifti import write_nifti
from imaging.segment.given import labelled, names_within, read_label_image
from imaging.segment.names import TOTAL_CLASSES, TOTAL_NUMBERS
from imaging.volume import Volume

COMMAND = "TotalSegmentator"
MOST_SECONDS = 3600.0  # on a slow CPU the full model takes tens of minutes
METHOD = "TotalSegmentator v2, task total (doi:10.1148/ryai.230024)"


@dataclass(frozen=True, kw_only=True)
class TotalSegmenter:
    """TotalSegmentator as a segmenter; `is_fast` takes its 3 mm model."""

    command: str = COMMAND
    is_fast: bool = True
    organs: tuple[str, ...] = TOTAL_CLASSES

    def segment(self, volume: Volume) -> Labels:
        """Return its labels on the volume's grid.

        Raises: NoSegmenter when the command is not there, fails, takes over an hour or writes nothing.
        """
        program = shutil.which(self.command)
        if program is None:
            raise NoSegmenter("TotalSegmentator is not installed (extra: totalsegmentator)")
        with tempfile.TemporaryDirectory() as folder:
            scan, result = Path(folder) / "scan.nii.gz", Path(folder) / "labels.nii"
            write_nifti(volume, scan)
            call = [program, "-i", str(scan), "-o", str(result), "--ml", *(["--fast"] if self.is_fast else [])]
            try:
                subprocess.run(call, check=True, capture_output=True, timeout=MOST_SECONDS)  # noqa: S603  our own file
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired, OSError) as error:
                raise NoSegmenter(f"TotalSegmentator gave no labels ({type(error).__name__})") from None
            written = [path for path in (result, result.with_suffix(".nii.gz")) if path.is_file()]
            if not written:
                raise NoSegmenter("TotalSegmentator ended without labels")
            return labels_from_totalsegmentator(volume, written[0])


def labels_from_totalsegmentator(volume: Volume, path: Path) -> Labels:
    """Return a label file of task `total` (`--ml`) on the volume's grid; the names in its head stand, if it has any.

    Raises: as `imaging.segment.given.given`.
    """
    voxels, affine = read_label_image(path)
    names = names_within(path) or dict(TOTAL_NUMBERS)
    return labelled(volume, voxels, affine, {name: (number,) for number, name in names.items()}, METHOD)


TOTAL = TotalSegmenter()
