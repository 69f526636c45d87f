"""The concepts by which a measurement report is understood, as (scheme, code); SNOMED-RT codes are met as SNOMED CT.

Source: DICOM PS3.16 TID 300, 310, 1001, 1006, 1410, 1411, 1419, 1500, 1501, 1600, 4019 and annex D (DCM codes).
"""

from types import MappingProxyType

Key = tuple[str, str]

MEASUREMENT_GROUP: Key = ("DCM", "125007")
GROUP_TEMPLATES = frozenset({"1410", "1411", "1501"})
IMAGE_LIBRARY: Key = ("DCM", "111028")
QUALITATIVE_EVALUATIONS: tuple[Key, ...] = (("UMLS", "C0034375"), ("DCM", "C0034375"))

TRACKING_ID: Key = ("DCM", "112039")
TRACKING_UID: Key = ("DCM", "112040")
ACTIVITY_SESSION: Key = ("NCIt", "C67447")
TIME_POINT: Key = ("UMLS", "C2348792")
FINDING: Key = ("DCM", "121071")
FINDING_SITE: Key = ("SCT", "363698007")
LATERALITY: Key = ("SCT", "272741003")
SITE_MODIFIER: Key = ("SCT", "106233006")
METHOD: Key = ("SCT", "370129005")
DERIVATION: Key = ("DCM", "121401")
NORMALITY: Key = ("DCM", "121402")
UPPER_UNCERTAINTY: Key = ("SCT", "371886008")
LOWER_UNCERTAINTY: Key = ("SCT", "371885007")
UNCERTAINTY: Key = ("SCT", "371884006")
ALGORITHM_NAME: Key = ("DCM", "111001")
ALGORITHM_VERSION: Key = ("DCM", "111003")
SOURCE_SERIES: Key = ("DCM", "121232")

SUBJECT_CLASS: Key = ("DCM", "121024")
SUBJECT_ID: Key = ("DCM", "121030")
OBSERVER_TYPE: Key = ("DCM", "121005")
DEVICE = "121007"
OBSERVER_PARTS = MappingProxyType(
    {
        "person_name": ("DCM", "121008"),
        "device_name": ("DCM", "121013"),
        "device_manufacturer": ("DCM", "121014"),
        "device_model": ("DCM", "121015"),
    }
)
ACQUISITION_DATE: Key = ("DCM", "126201")
ACQUISITION_TIME: Key = ("DCM", "126202")
ACQUISITION_DATETIME: Key = ("DCM", "113002")

IMAGES_ONLY = "an image library describes images, not the patient"
NARRATIVE = "narrative text outside a measurement group is not used"
STATISTICS = "reference ranges, statistics and other properties of a measurement are not used"
NOT_A_STATEMENT = "an item of a kind that states nothing to keep"
