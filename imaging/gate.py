"""Is this series fit for this measurement? Per use a yes, or the reason why not, from pixels as well as from tags."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal


class Use(StrEnum):
    """What a series is to be used for; each measurement names one."""

    LUNG_VOLUME = "lung_volume"
    LUNG_DENSITY = "lung_density"
    NODULE_VOLUME = "nodule_volume"
    CALCIUM = "calcium"
    AORTA_DIAMETER = "aorta_diameter"
    ORGAN_VOLUME = "organ_volume"
    LIVER_ATTENUATION = "liver_attenuation"
    PANCREAS = "pancreas"
    HEART_SIZE = "heart_size"
    BONE_ATTENUATION = "bone_attenuation"
    BODY_COMPOSITION = "body_composition"


@dataclass(frozen=True, kw_only=True)
class Fitness:
    """What a series may be used for. `contrast` is judged from pixels and tags; `unfit` names uses with the reason.

    `cautions` names uses that are allowed with a caveat that stands beside the number.
    """

    contrast: Literal["none", "enhanced", "unknown"]
    unfit: Mapping[Use, str] = field(default_factory=dict)
    cautions: Mapping[Use, str] = field(default_factory=dict)
