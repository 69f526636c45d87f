"""Does part of the pancreas differ from the gland, or is its duct wide?

It misleads: a tumour as dense as the gland is not seen, and fat, vessels and bowel in the label are; drawn data only.
"""

from imaging.findings.base import of_odd_parts

FINDER = of_odd_parts(
    key="pancreatic_lesion_suspected",
    looks_for="a focal part of 10 mm or a duct of 3 mm in the pancreas",
    method="parts that differ from the labelled gland by 20 HU or more",
    is_meant=lambda one: not one.is_duct or one.is_wide_duct,
)
