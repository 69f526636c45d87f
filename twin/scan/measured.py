"""What was measured in a CT, as facts: which of our signals each number is, and which numbers a model may rest on.

A number with a caution (an unsuitable kernel, lying tags) is stated as preliminary: it is shown, and no model computes
on it. A refusal states no fact; it is kept with its reason beside the study.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from imaging.measure.base import Measurement
from twin.record.codes import OWN_FINDING, OWN_SIGNAL
from twin.record.fact import Coding, FactDraft

# nodules have no signal here: a patient may have several, and a signal is one series of values
SIGNALS: Mapping[tuple[str, str | None], str] = {
    ("lung_volume_ml", None): "lung_volume_ct",
    ("laa950_percent", None): "laa950",
    ("perc15_hu", None): "perc15",
    ("agatston", "coronary"): "agatston",
    ("calcium_volume_mm3", "coronary"): "coronary_calcium_volume",
    ("aorta_diameter_mm", "sinuses of Valsalva"): "aorta_root_diameter",
    ("aorta_diameter_mm", "mid ascending"): "aorta_ascending_diameter",
    ("aorta_diameter_mm", "mid arch"): "aorta_arch_diameter",
    ("aorta_diameter_mm", "mid descending"): "aorta_descending_diameter",
    ("aorta_diameter_mm", "infrarenal (L3)"): "aorta_abdominal_diameter",
    ("liver_attenuation_hu", None): "liver_hu",
    ("spleen_attenuation_hu", None): "spleen_hu",
    ("liver_volume_ml", None): "liver_volume",
    ("spleen_volume_ml", None): "spleen_volume",
    ("pancreas_volume_ml", None): "pancreas_volume",
    ("pancreas_attenuation_hu", None): "pancreas_hu",
    ("pancreas_duct_mm", None): "pancreatic_duct_diameter",
    ("kidney_volume_ml", "right"): "kidney_volume_right",
    ("kidney_volume_ml", "left"): "kidney_volume_left",
    ("kidney_attenuation_hu", "right"): "kidney_hu_right",
    ("kidney_attenuation_hu", "left"): "kidney_hu_left",
    ("cardiothoracic_ratio", None): "cardiothoracic_ratio",
    ("vertebra_attenuation_hu", "L1"): "vertebral_hu",
    ("muscle_area_cm2", "L3"): "muscle_area_l3",
    ("visceral_fat_area_cm2", "L3"): "visceral_fat_area",
    ("subcutaneous_fat_area_cm2", "L3"): "subcutaneous_fat_area",
}


def drafts(
    measurements: Iterable[Measurement], described: Mapping[str, Any], resource: str, made_at: datetime, now: datetime
) -> list[FactDraft]:
    """Return one fact a value; `described` is what the series says of its scanner and protocol."""
    return [
        _draft(each, protocol(described), resource, made_at, now) for each in measurements if each.value is not None
    ]


def protocol(described: Mapping[str, Any]) -> str | None:
    """Return scanner, kernel, slice thickness, voltage and contrast in words: what a later value is compared with."""
    scanner = " ".join(str(described[key]) for key in ("manufacturer", "model") if described.get(key))
    thickness, kvp = described.get("slice_thickness_mm"), described.get("kvp")
    parts = [scanner, described.get("kernel"), thickness and f"{thickness:g} mm", kvp and f"{kvp:g} kVp"]
    parts.append("with contrast" if described.get("contrast_agent") else None)
    return ", ".join(str(part) for part in parts if part) or None


def _draft(one: Measurement, device: str | None, resource: str, made_at: datetime, now: datetime) -> FactDraft:
    named = one.key.replace("_", " ")
    signal = SIGNALS.get((one.key, one.level))
    where = f"{one.key}[{one.level}]" if one.level else one.key
    return FactDraft(
        kind="observation",
        coding=Coding(system=OWN_FINDING, code=one.key, display=f"{named}, {one.level}" if one.level else named),
        other_codings=(Coding(system=OWN_SIGNAL, code=signal),) if signal else (),
        value_kind="number",
        value=f"{one.value:.6g}",
        unit=one.unit,
        observed_at=made_at,
        known_at=max(now, made_at),
        known_basis="received",
        where=where,
        resource=resource,
        part=one.level or "",
        device=device,
        sd=one.sd,
        status="preliminary" if one.caution else "final",
    )
