"""What are the measures, organs and levels of a CT called, and what does a label of the bank say in words?"""

from collections.abc import Mapping
from types import MappingProxyType

from twin.web.dashboard.names import N_, Translate

MEASURES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "lung_volume_ml": ("lungs", N_("lung volume")),
        "laa950_percent": ("lungs", N_("lung below -950 HU")),
        "perc15_hu": ("lungs", N_("15th percentile of lung density")),
        "nodule_volume_mm3": ("lungs", N_("nodule volume")),
        "nodule_diameter_mm": ("lungs", N_("nodule diameter")),
        "nodule_longest_mm": ("lungs", N_("nodule longest diameter")),
        "nodule_attenuation_hu": ("lungs", N_("nodule attenuation")),
        "nodule_solid_part_percent": ("lungs", N_("solid part of the nodule")),
        "agatston": ("heart", N_("calcium score (Agatston)")),
        "calcium_volume_mm3": ("heart", N_("calcium volume")),
        "calcium_mass_mg": ("heart", N_("calcium mass")),
        "heart_width_mm": ("heart", N_("heart width")),
        "thorax_width_mm": ("heart", N_("chest width")),
        "cardiothoracic_ratio": ("heart", N_("cardiothoracic ratio")),
        "aorta_diameter_mm": ("aorta", N_("aortic diameter")),
        "liver_attenuation_hu": ("liver", N_("liver attenuation")),
        "liver_volume_ml": ("liver", N_("liver volume")),
        "liver_spleen_difference_hu": ("liver", N_("liver minus spleen")),
        "spleen_attenuation_hu": ("spleen", N_("spleen attenuation")),
        "spleen_volume_ml": ("spleen", N_("spleen volume")),
        "pancreas_volume_ml": ("pancreas", N_("pancreas volume")),
        "pancreas_attenuation_hu": ("pancreas", N_("pancreas attenuation")),
        "pancreas_duct_mm": ("pancreas", N_("pancreatic duct width")),
        "pancreas_lesion_mm": ("pancreas", N_("size of a differing part of the pancreas")),
        "kidney_volume_ml": ("kidneys", N_("kidney volume")),
        "kidney_attenuation_hu": ("kidneys", N_("kidney attenuation")),
        "vertebra_attenuation_hu": ("spine", N_("vertebral attenuation")),
        "muscle_area_cm2": ("body", N_("muscle area")),
        "visceral_fat_area_cm2": ("body", N_("visceral fat area")),
        "subcutaneous_fat_area_cm2": ("body", N_("subcutaneous fat area")),
    }
)
"""By key, in the order they are shown: the organ it belongs to, and its name."""

ORGANS: Mapping[str, str] = MappingProxyType(
    {
        "lungs": N_("lungs"),
        "heart": N_("heart"),
        "aorta": N_("aorta"),
        "liver": N_("liver"),
        "spleen": N_("spleen"),
        "pancreas": N_("pancreas"),
        "kidneys": N_("kidneys"),
        "kidney": N_("kidney"),
        "spine": N_("spine"),
        "body": N_("body composition"),
        "other": N_("other"),
        "lung_right": N_("right lung"),
        "lung_left": N_("left lung"),
        "airways": N_("airways"),
        "vertebrae": N_("vertebrae"),
        "bone": N_("bone"),
        "esophagus": N_("oesophagus"),
        "gallbladder": N_("gallbladder"),
        "kidney_left": N_("left kidney"),
        "kidney_right": N_("right kidney"),
        "adrenal_gland_left": N_("left adrenal gland"),
        "adrenal_gland_right": N_("right adrenal gland"),
        "trachea": N_("trachea"),
        "stomach": N_("stomach"),
        "pulmonary_vein": N_("pulmonary vein"),
        "aerated_lung": N_("aerated lung"),
        "airway_wall": N_("airway wall"),
        "chest_wall": N_("chest wall"),
        "lung_vessel": N_("lung vessel"),
        "muscle": N_("muscle"),
        "oesophagus": N_("oesophagus"),
        "rib": N_("rib"),
        "vessel_near_pleura": N_("vessel near the pleura"),
        "paraspinal_muscles": N_("muscles beside the spine"),
        "normal_tissue": N_("normal tissue"),
    }
)
"""Organs as measures are grouped by them, as labels name them, and tissues of the bank."""

LEVELS: Mapping[str, str] = MappingProxyType(
    {
        "coronary": N_("coronary arteries"),
        "aorta": N_("aorta"),
        "annulus": N_("annulus"),
        "sinuses of Valsalva": N_("sinuses of Valsalva"),
        "sinotubular junction": N_("sinotubular junction"),
        "mid ascending": N_("mid ascending"),
        "distal ascending": N_("distal ascending"),
        "mid arch": N_("mid arch"),
        "proximal descending": N_("proximal descending"),
        "mid descending": N_("mid descending"),
        "suprarenal (L1)": N_("suprarenal (L1)"),
        "infrarenal (L3)": N_("infrarenal (L3)"),
        "coeliac trunk": N_("coeliac trunk"),
        "widest": N_("widest place"),
        "left": N_("left"),
        "right": N_("right"),
    }
)
"""Places along an organ. Vertebrae (`L1`) are called the same everywhere."""

USES: Mapping[str, str] = MappingProxyType(
    {
        "lung_volume": N_("lung volume"),
        "lung_density": N_("lung density"),
        "nodule_volume": N_("nodule volume"),
        "calcium": N_("calcium"),
        "aorta_diameter": N_("aortic diameter"),
        "organ_volume": N_("organ volumes"),
        "liver_attenuation": N_("liver attenuation"),
        "pancreas": N_("pancreas"),
        "heart_size": N_("heart size"),
        "bone_attenuation": N_("bone attenuation"),
        "body_composition": N_("body composition"),
    }
)
"""What a series is fit or unfit for."""

CONTRAST: Mapping[str, str] = MappingProxyType(
    {"none": N_("without contrast"), "enhanced": N_("with contrast"), "unknown": N_("contrast not known")}
)
NODULE_KIND: Mapping[str, str] = MappingProxyType(
    {"solid": N_("solid"), "part_solid": N_("part-solid"), "ground_glass": N_("ground-glass")}
)
SITE_SAID: Mapping[str, str] = MappingProxyType(
    {
        "suspicious": N_("suspicious"), "harmless": N_("a harmless lesion"), "normal_tissue": N_("normal tissue"),
        "artefact": N_("an artefact"),
    }
)  # fmt: skip
_TISSUE, _AUTOMATIC, _SITE = "normal tissue: ", "; automatic label", "; this site's reader"
# said by `bank_label` and by nobody else
TEXTS: tuple[str, ...] = (N_("normal tissue (automatic label): %(name)s"), N_("%(said)s (a reader of this site)"))


def tissue(label: str | None) -> str | None:
    """Return the key of the normal tissue that a label of the bank names (`lung_vessel`); None where it names none."""
    if label == f"normal_tissue{_SITE}":
        return "normal_tissue"
    if not label or not label.startswith(_TISSUE):
        return None
    return label.removeprefix(_TISSUE).removesuffix(_AUTOMATIC).replace(" ", "_")


def bank_label(label: str | None, gettext: Translate) -> str:
    """Return in words what a match of the bank is."""
    if label and label.endswith(_SITE):
        said = label.removesuffix(_SITE)
        return gettext("%(said)s (a reader of this site)") % {"said": gettext(SITE_SAID.get(said, said))}
    key = tissue(label)
    if key is None:
        return label or "–"
    return gettext("normal tissue (automatic label): %(name)s") % {"name": organ(key, gettext)}


def organ(key: str, gettext: Translate) -> str:
    """Return what an organ, a tissue or a group of measures is called; an unknown one in plain letters."""
    return gettext(ORGANS[key]) if key in ORGANS else key.replace("_", " ")


def measure(key: str, gettext: Translate) -> str:
    """Return what a measure of the CT is called."""
    return gettext(MEASURES[key][1]) if key in MEASURES else key.replace("_", " ")


def level(key: str | None, gettext: Translate) -> str:
    """Return what a level is called; "" where there is none."""
    return gettext(LEVELS[key]) if key is not None and key in LEVELS else key or ""
