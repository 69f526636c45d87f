"""What was measured and flagged, as a DICOM structured report that a PACS keeps beside the images.

Source: DICOM PS3.16 TID 1500 (measurement report), built with highdicom. Measurements of one level make a group (TID
1501); a flagged region is a group with the ellipsoid of its box (TID 1411). Concepts are our own keys in a private
scheme, so that what is read back is what was measured; one standard deviation stands as the range of uncertainty. What
was refused has no number, and no item here: it stands in our own findings with its reason.
"""

from collections.abc import Sequence
from hashlib import sha256
from io import BytesIO

import numpy as np
from highdicom import sr
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from imaging.measure.base import Measurement
from imaging.regions import Region
from imaging.write.source import MAKER, MODEL, SCHEME, Source, uid_of

_REGION = Code("flagged_region", SCHEME, "Flagged region, no diagnosis")
_SCORE = Code("region_score", SCHEME, "Score of the flagged region")
_NO_UNIT = Code("1", "UCUM", "no units")


def report(
    source: Source, measurements: Sequence[Measurement], regions: Sequence[Region], *, algorithm: str, version: str
) -> bytes:
    """Return the file of a report of what has a value. The same results make the same object, byte for byte in content.

    Raises: ValueError when there is neither a value nor a region.
    """
    valued = [each for each in measurements if each.value is not None]
    if not valued and not regions:
        raise ValueError("nothing was measured and nothing was flagged: there is no report to write")
    content = uid_of("report", source.series_uid, version, sha256(repr((valued, regions)).encode()).hexdigest())
    identified = sr.AlgorithmIdentification(name=algorithm, version=version, manufacturer=MAKER)
    groups: list[sr.MeasurementsAndQualitativeEvaluations | sr.VolumetricROIMeasurementsAndQualitativeEvaluations] = [
        *(_level_group(content, level, valued, identified) for level in dict.fromkeys(each.level for each in valued)),
        *(_region_group(content, source, region, identified) for region in regions),
    ]
    device = sr.ObserverContext(
        observer_type=codes.DCM.Device,
        observer_identifying_attributes=sr.DeviceObserverIdentifyingAttributes(
            uid=uid_of("device", MAKER, version), name=MAKER, manufacturer_name=MAKER, model_name=MODEL
        ),
    )
    told = sr.MeasurementReport(
        observation_context=sr.ObservationContext(observer_device_context=device),
        procedure_reported=codes.LN.CTUnspecifiedBodyRegion,
        imaging_measurements=groups,
        title=codes.DCM.ImagingMeasurementReport,
    )
    made = sr.Comprehensive3DSR(
        evidence=list(source.headers),
        content=told[0],
        series_instance_uid=uid_of("series", content),
        series_number=9002,
        sop_instance_uid=content,
        instance_number=1,
        manufacturer=MAKER,
        is_complete=True,
        is_verified=False,
    )
    stream = BytesIO()
    made.save_as(stream)
    return stream.getvalue()


def _level_group(
    content: str, level: str | None, valued: Sequence[Measurement], algorithm: sr.AlgorithmIdentification
) -> sr.MeasurementsAndQualitativeEvaluations:
    name = level or "whole"
    return sr.MeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid=uid_of("level", content, name), identifier=name),
        algorithm_id=algorithm,
        measurements=[_number(each) for each in valued if each.level == level],
    )


def _number(one: Measurement) -> sr.Measurement:
    assert one.value is not None
    unit = Code(one.unit, "UCUM", one.unit)
    return sr.Measurement(
        name=Code(one.key, SCHEME, one.key.replace("_", " ")),
        value=one.value,
        unit=unit,
        method=Code(f"m{sha256(one.method.encode()).hexdigest()[:12]}", SCHEME, one.method[:64]),
        properties=None if one.sd is None else _uncertainty(one.sd, unit),
    )


def _uncertainty(sd: float, unit: Code) -> sr.MeasurementProperties:
    """Return one standard deviation as the range to both sides, in the value's own unit (highdicom would say 1)."""
    told = sr.MeasurementProperties(upper_measurement_uncertainty=sd, lower_measurement_uncertainty=sd)
    for item in told:
        item.MeasuredValueSequence[0].MeasurementUnitsCodeSequence = [sr.CodedConcept.from_code(unit)]
    return told


def _region_group(
    content: str, source: Source, region: Region, algorithm: sr.AlgorithmIdentification
) -> sr.VolumetricROIMeasurementsAndQualitativeEvaluations:
    name = f"region {region.rank}"
    features = [
        sr.Measurement(name=Code(f"block_{key}", SCHEME, f"Block {key}"), value=value, unit=_NO_UNIT)
        for key, value in region.features.items()
    ]
    return sr.VolumetricROIMeasurementsAndQualitativeEvaluations(
        tracking_identifier=sr.TrackingIdentifier(uid=uid_of("region", content, name), identifier=name),
        referenced_volume_surface=sr.VolumeSurface(
            graphic_type=sr.GraphicTypeValues3D.ELLIPSOID,
            graphic_data=_ellipsoid(region),
            frame_of_reference_uid=source.frame_of_reference_uid,
            source_series=sr.SourceSeriesForSegmentation(source.series_uid),
        ),
        finding_type=_REGION,
        algorithm_id=algorithm,
        measurements=[sr.Measurement(name=_SCORE, value=region.score, unit=_NO_UNIT), *features],
    )


def _ellipsoid(region: Region) -> np.ndarray:
    """Return (6, 3): the ends of the three axes of the ellipsoid within the box (PS3.3 C.18.9.1.2)."""
    low, high = np.array(region.box_lps_mm[0]), np.array(region.box_lps_mm[1])
    middle, half = (low + high) / 2, (high - low) / 2
    ends = []
    for axis in range(3):
        step = np.zeros(3)
        step[axis] = half[axis]
        ends += [middle - step, middle + step]
    return np.array(ends)
