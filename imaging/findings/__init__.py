"""The list of what is found in a CT, in display order; what each rests on stands in `imaging/data/findings.csv`."""

from imaging.findings.adrenal_nodule import FINDER as ADRENAL_NODULE
from imaging.findings.base import Finder
from imaging.findings.calcification import FINDER as CALCIFICATION
from imaging.findings.cavitation import FINDER as CAVITATION
from imaging.findings.cholelithiasis import FINDER as CHOLELITHIASIS
from imaging.findings.consolidation import FINDER as CONSOLIDATION
from imaging.findings.cyst import FINDER as CYST
from imaging.findings.esophageal_dilatation import FINDER as ESOPHAGEAL_DILATATION
from imaging.findings.flagged_region import FINDER as FLAGGED_REGION
from imaging.findings.groundglass import FINDER as GROUNDGLASS
from imaging.findings.liver_mass import FINDER as LIVER_MASS
from imaging.findings.lucency import FINDER as LUCENCY
from imaging.findings.mass import FINDER as MASS
from imaging.findings.medical_material import FINDER as MEDICAL_MATERIAL
from imaging.findings.nodule import FINDER as NODULE
from imaging.findings.nodulegr1cm import FINDER as NODULEGR1CM
from imaging.findings.opacity import FINDER as OPACITY
from imaging.findings.pancreatic_cyst import FINDER as PANCREATIC_CYST
from imaging.findings.pancreatic_lesion_suspected import FINDER as PANCREATIC_LESION_SUSPECTED
from imaging.findings.pericardial_effusion import FINDER as PERICARDIAL_EFFUSION
from imaging.findings.plate_like_atelectasis import FINDER as PLATE_LIKE_ATELECTASIS
from imaging.findings.pleural_calcification import FINDER as PLEURAL_CALCIFICATION
from imaging.findings.pleural_effusion import FINDER as PLEURAL_EFFUSION
from imaging.findings.pleural_thickening import FINDER as PLEURAL_THICKENING
from imaging.findings.pneumomediastinum import FINDER as PNEUMOMEDIASTINUM
from imaging.findings.pneumothorax import FINDER as PNEUMOTHORAX
from imaging.findings.renal_mass import FINDER as RENAL_MASS
from imaging.findings.scattered_calc import FINDER as SCATTERED_CALC
from imaging.findings.scattered_nod import FINDER as SCATTERED_NOD

FINDINGS: tuple[Finder, ...] = (
    FLAGGED_REGION,
    NODULE,
    NODULEGR1CM,
    SCATTERED_NOD,
    MASS,
    GROUNDGLASS,
    CONSOLIDATION,
    OPACITY,
    PLATE_LIKE_ATELECTASIS,
    LUCENCY,
    CYST,
    CAVITATION,
    PLEURAL_EFFUSION,
    PNEUMOTHORAX,
    PLEURAL_THICKENING,
    PLEURAL_CALCIFICATION,
    PNEUMOMEDIASTINUM,
    PERICARDIAL_EFFUSION,
    ESOPHAGEAL_DILATATION,
    CALCIFICATION,
    SCATTERED_CALC,
    MEDICAL_MATERIAL,
    LIVER_MASS,
    CHOLELITHIASIS,
    RENAL_MASS,
    ADRENAL_NODULE,
    PANCREATIC_LESION_SUSPECTED,
    PANCREATIC_CYST,
)
