"""Results go back as DICOM and are read again by the reader of other systems' reports."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from imaging.archive import SourceFile
from imaging.errors import NotAVolume
from imaging.labels import Labels
from imaging.measure.base import Measurement
from imaging.phantom import Phantom, draw_phantom, write_phantom
from imaging.regions import Region
from imaging.report import read_report, read_segmentation
from imaging.volume import Volume
from imaging.write import Source, report, segmentation, source_of

SMALL = Phantom(columns=64, pixel_mm=5.6, slices=10, slice_mm=6.0)
VALUES = (
    Measurement(key="agatston", unit="1", method="own", source="a", value=112.5),
    Measurement(key="liver_attenuation_hu", unit="[hnsf'U]", method="own", source="a", value=48.25, sd=2.5),
    Measurement(key="aorta_diameter_mm", unit="mm", method="own", source="a", value=31.0, level="arch"),
    Measurement(key="spleen_attenuation_hu", unit="[hnsf'U]", method="own", source="a", refused="cut off"),
)
REGION = Region(
    rank=1,
    score=0.75,
    centre_lps_mm=(1.0, 2.0, 3.0),
    box_lps_mm=((-4.0, -4.0, -4.0), (6.0, 8.0, 10.0)),
    features={"brightness": -200.5, "variation": 30.0, "boundary": 0.2, "similarity": 0.1},
)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    folder = tmp_path_factory.mktemp("series")
    return source_of(SourceFile(name=path.name, path=path) for path in write_phantom(folder, SMALL))


def written(source: Source, *measurements: Measurement, regions: tuple[Region, ...] = ()) -> bytes:
    return report(source, measurements, regions, algorithm="own", version="1")


def test_what_was_measured_is_read_back_with_unit_level_and_uncertainty(source: Source) -> None:
    read = read_report(BytesIO(written(source, *VALUES)))
    found = {
        each.concept.value: (each.value.text, each.value.unit.value, group.tracking_id, each.uncertainty)
        for group in read.groups
        for each in group.measurements
    }
    assert found == {
        "agatston": ("112.5", "1", "whole", (None, None)),
        "liver_attenuation_hu": ("48.25", "[hnsf'U]", "whole", ("2.5", "2.5")),
        "aorta_diameter_mm": ("31.0", "mm", "arch", (None, None)),
    }


def test_a_flagged_region_is_read_back_with_its_score_and_features(source: Source) -> None:
    (group,) = read_report(BytesIO(written(source, regions=(REGION,)))).groups
    found = {each.concept.value: float(each.value.text) for each in group.measurements}
    assert found == {"region_score": 0.75} | {f"block_{key}": value for key, value in REGION.features.items()}


def test_a_report_says_it_is_not_verified_and_whose_images_it_is_of(source: Source) -> None:
    read = read_report(BytesIO(written(source, *VALUES)))
    assert (read.is_complete, read.is_verified) == (True, False)
    assert read.origin.patient.patient_id == SMALL.patient_id
    assert [(each.is_device, each.name) for each in read.observers] == [(True, "patient-twin")]


def test_the_same_results_are_the_same_object_and_others_another(source: Source) -> None:
    first, again = (read_report(BytesIO(written(source, *VALUES))) for _ in range(2))
    other = read_report(BytesIO(written(source, replace(VALUES[0], value=113.0), *VALUES[1:])))
    assert first.origin.sop_uid == again.origin.sop_uid != other.origin.sop_uid


def test_without_a_value_there_is_no_report(source: Source) -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        written(source, VALUES[3])


def test_a_segmentation_is_read_back_with_its_volume(source: Source) -> None:
    volume, labels = drawn()
    read = read_segmentation(BytesIO(segmentation(source, volume, labels, ("liver", "spleen", "pancreas"), "1")))
    found = {each.label: each.volume_ml for each in read.segments}
    voxel_ml = float(np.prod(volume.spacing_mm)) / 1000
    assert found["liver"] == pytest.approx(5 * 20 * 10 * voxel_ml, rel=1e-6)
    assert found["spleen"] == pytest.approx(3 * 4 * 5 * voxel_ml, rel=1e-6)
    assert set(found) == {"liver", "spleen"}


def test_a_segmentation_of_nothing_is_not_written(source: Source) -> None:
    volume, labels = drawn()
    with pytest.raises(ValueError, match="none of the organs"):
        segmentation(source, volume, labels, ("pancreas",), "1")


def test_images_without_uids_cannot_be_referred_to(tmp_path: Path) -> None:
    empty = tmp_path / "empty.dcm"
    empty.write_bytes(bytes(128) + b"DICM")
    with pytest.raises(NotAVolume):
        source_of([SourceFile(name="empty.dcm", path=empty)])


def drawn() -> tuple[Volume, Labels]:
    volume = draw_phantom(SMALL)
    voxels = np.zeros(volume.hu.shape, np.uint8)
    voxels[2:7, 10:30, 10:20] = 1
    voxels[2:5, 40:44, 40:45] = 2
    return volume, Labels(voxels=voxels, numbers={"liver": (1,), "spleen": (2,)}, method="drawn")
