"""How are organs named, by whom are they numbered, and which of them make up a larger one?

The names and numbers are those of TotalSegmentator v2, task `total` (Wasserthal 2023, doi:10.1148/ryai.230024; table
`class_map["total"]` of its published `map_to_binary.py`, read 2026-11).
"""

from collections.abc import Iterable, Mapping

_SIDES = ("left", "right")
_VERTEBRAE = (
    *(f"vertebrae_L{level}" for level in range(5, 0, -1)),
    *(f"vertebrae_T{level}" for level in range(12, 0, -1)),
    *(f"vertebrae_C{level}" for level in range(7, 0, -1)),
)
_ABDOMEN = "spleen kidney_right kidney_left gallbladder liver stomach pancreas adrenal_gland_right adrenal_gland_left"
_LOBES = "lung_upper_lobe_left lung_lower_lobe_left lung_upper_lobe_right lung_middle_lobe_right lung_lower_lobe_right"
_TUBES = (
    "esophagus trachea thyroid_gland small_bowel duodenum colon urinary_bladder prostate "
    "kidney_cyst_left kidney_cyst_right sacrum vertebrae_S1"
)
_VESSELS = (
    "heart aorta pulmonary_vein brachiocephalic_trunk subclavian_artery_right subclavian_artery_left "
    "common_carotid_artery_right common_carotid_artery_left brachiocephalic_vein_left brachiocephalic_vein_right "
    "atrial_appendage_left superior_vena_cava inferior_vena_cava portal_vein_and_splenic_vein "
    "iliac_artery_left iliac_artery_right iliac_vena_left iliac_vena_right"
)
_PAIRED_BONES = ("humerus", "scapula", "clavicula", "femur", "hip")
_PAIRED_MUSCLES = ("gluteus_maximus", "gluteus_medius", "gluteus_minimus", "autochthon", "iliopsoas")

TOTAL_CLASSES: tuple[str, ...] = (  # the first has number 1
    *_ABDOMEN.split(),
    *_LOBES.split(),
    *_TUBES.split(),
    *_VERTEBRAE,
    *_VESSELS.split(),
    *(f"{bone}_{side}" for bone in _PAIRED_BONES for side in _SIDES),
    "spinal_cord",
    *(f"{muscle}_{side}" for muscle in _PAIRED_MUSCLES for side in _SIDES),
    "brain",
    "skull",
    *(f"rib_{side}_{rib}" for side in _SIDES for rib in range(1, 13)),
    "sternum",
    "costal_cartilages",
)
TOTAL_NUMBERS: Mapping[int, str] = dict(enumerate(TOTAL_CLASSES, start=1))
OTHER_TISSUE = "other_tissue"  # in the body, in no organ that is named

_BONES = ("vertebrae", "rib_", "sternum", "sacrum", "skull", *(f"{bone}_" for bone in _PAIRED_BONES))
_WHOLES: Mapping[str, tuple[str, ...]] = {  # a whole, and how the names of its parts begin
    "lungs": ("lung_upper", "lung_lower", "lung_middle", "lung_left", "lung_right"),
    "airways": ("trachea", "bronch"),
    "bone": _BONES,
    "vertebrae": ("vertebrae_",),
    "heart": ("heart_", "atrial_appendage"),
}


def with_wholes(numbers: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Return the names with those of the larger organs that their parts make up; a whole that is named stays."""
    joined = {name: tuple(sorted(set(those))) for name, those in numbers.items()}
    for whole, beginnings in _WHOLES.items():
        parts = _numbers_of((name for name in numbers if name.startswith(beginnings)), numbers)
        if whole == "heart" and not any(name.startswith("heart_") for name in numbers):
            continue  # an appendage alone is no heart
        if parts and whole not in joined:
            joined[whole] = parts
    for side in _SIDES:
        lobes = [name for name in numbers if name.startswith("lung_") and name.endswith(f"_lobe_{side}")]
        if lobes and f"lung_{side}" not in joined:
            joined[f"lung_{side}"] = _numbers_of(lobes, numbers)
    return joined


def plain_name(text: str) -> str:
    """Return a name as organs are named here: small letters joined by `_`, levels of the spine as `L1`."""
    words = "".join(letter if letter.isalnum() else " " for letter in text).split()
    name = "_".join(words).lower()
    return _SPELT.get(name, name)


def _numbers_of(names: Iterable[str], numbers: Mapping[str, tuple[int, ...]]) -> tuple[int, ...]:
    return tuple(sorted({number for name in names for number in numbers[name]}))


_SPELT = {name.lower(): name for name in TOTAL_CLASSES} | {"lung": "lungs", "bones": "bone", "airway": "airways"}
