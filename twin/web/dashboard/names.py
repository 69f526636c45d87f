"""What do clinicians call each signal, score and organ? A short symbol that is the same in every language, and a name.

The symbol of a signal without one is its short English name, which is translated.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType


def N_(message: str) -> str:
    """Mark a text for translation where it is defined; it is translated where it is shown."""
    return message


SIGNALS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "alt": ("ALT", N_("Alanine aminotransferase")),
        "ast": ("AST", N_("Aspartate aminotransferase")),
        "ggt": ("GGT", N_("Gamma-glutamyl transferase")),
        "alp": ("ALP", N_("Alkaline phosphatase")),
        "ldh": ("LDH", N_("Lactate dehydrogenase")),
        "albumin": ("ALB", N_("Albumin")),
        "total_protein": ("TP", N_("Total protein")),
        "bilirubin_total": ("TBIL", N_("Total bilirubin")),
        "bilirubin_direct": ("DBIL", N_("Direct bilirubin")),
        "platelets": ("PLT", N_("Platelets")),
        "inr": ("INR", N_("International normalised ratio")),
        "prothrombin_time": ("PT", N_("Prothrombin time")),
        "afp": ("AFP", N_("Alpha-fetoprotein")),
        "afp_l3_percent": ("AFP-L3", N_("AFP-L3 fraction")),
        "dcp_pivka2": ("PIVKA-II", N_("Des-gamma-carboxy prothrombin")),
        "creatinine": ("Cr", N_("Creatinine")),
        "cystatin_c": ("CysC", N_("Cystatin C")),
        "egfr": ("eGFR", N_("Estimated glomerular filtration rate")),
        "urine_acr": ("UACR", N_("Urine albumin-creatinine ratio")),
        "urea": (N_("Urea"), N_("Urea")),
        "urea_nitrogen": ("BUN", N_("Urea nitrogen")),
        "uric_acid": ("UA", N_("Uric acid")),
        "sodium": ("Na", N_("Sodium")),
        "potassium": ("K", N_("Potassium")),
        "glucose_fasting": ("FPG", N_("Fasting glucose")),
        "glucose": ("GLU", N_("Glucose")),
        "glucose_capillary": ("CBG", N_("Capillary glucose")),
        "hba1c": ("HbA1c", N_("Glycated haemoglobin")),
        "insulin_fasting": ("FINS", N_("Fasting insulin")),
        "insulin": ("INS", N_("Insulin")),
        "total_cholesterol": ("TC", N_("Total cholesterol")),
        "hdl_c": ("HDL-C", N_("HDL cholesterol")),
        "ldl_c": ("LDL-C", N_("LDL cholesterol")),
        "non_hdl_c": ("non-HDL-C", N_("Non-HDL cholesterol")),
        "triglycerides": ("TG", N_("Triglycerides")),
        "apo_b": ("ApoB", N_("Apolipoprotein B")),
        "lpa": ("Lp(a)", N_("Lipoprotein(a)")),
        "hs_crp": ("hs-CRP", N_("High-sensitivity C-reactive protein")),
        "nt_probnp": ("NT-proBNP", N_("N-terminal pro-B-type natriuretic peptide")),
        "troponin_t_hs": ("hs-cTnT", N_("High-sensitivity troponin T")),
        "ca19_9": ("CA19-9", N_("Carbohydrate antigen 19-9")),
        "cea": ("CEA", N_("Carcinoembryonic antigen")),
        "lipase": ("LIP", N_("Lipase")),
        "amylase": ("AMY", N_("Amylase")),
        "hemoglobin": ("Hb", N_("Haemoglobin")),
        "wbc": ("WBC", N_("White blood cells")),
        "sbp": ("SBP", N_("Systolic blood pressure")),
        "dbp": ("DBP", N_("Diastolic blood pressure")),
        "heart_rate": ("HR", N_("Heart rate")),
        "weight": (N_("Weight"), N_("Body weight")),
        "height": (N_("Height"), N_("Body height")),
        "bmi": ("BMI", N_("Body mass index")),
        "waist": ("WC", N_("Waist circumference")),
        "smoking_status": (N_("Smoking"), N_("Smoking status")),
        "pack_years": (N_("Pack-years"), N_("Smoking in pack-years")),
        "hbsag": ("HBsAg", N_("Hepatitis B surface antigen")),
        "liver_hu": (N_("Liver HU"), N_("CT attenuation of the liver")),
        "spleen_hu": (N_("Spleen HU"), N_("CT attenuation of the spleen")),
        "liver_stiffness": ("LSM", N_("Liver stiffness")),
        "agatston": ("CAC", N_("Coronary calcium (Agatston)")),
        "nodule_type": (N_("Nodule type"), N_("Type of lung nodule")),
        "nodule_count": (N_("Nodules"), N_("Number of lung nodules")),
        "nodule_mean_diameter": (N_("Nodule Ø"), N_("Mean diameter of the lung nodule")),
        "nodule_volume": (N_("Nodule volume"), N_("Volume of the lung nodule")),
        "aortic_diameter": (N_("Aorta Ø"), N_("Diameter of the aorta, segment not stated")),
        "calcium_total": ("Ca", N_("Total calcium")),
        "calcium_ionized": ("iCa", N_("Ionised calcium")),
        "chloride": ("Cl", N_("Chloride")),
        "bicarbonate": ("HCO₃", N_("Bicarbonate")),
        "phosphate": ("P", N_("Phosphate")),
        "magnesium": ("Mg", N_("Magnesium")),
        "lactate": ("Lac", N_("Lactate")),
        "creatine_kinase": ("CK", N_("Creatine kinase")),
        "globulin": ("GLB", N_("Globulin")),
        "ferritin": (N_("Ferritin"), N_("Serum ferritin")),
        "aptt": ("APTT", N_("Activated partial thromboplastin time")),
        "hematocrit": ("Hct", N_("Haematocrit")),
        "rbc": ("RBC", N_("Red blood cells")),
        "mcv": ("MCV", N_("Mean corpuscular volume")),
        "mch": ("MCH", N_("Mean corpuscular haemoglobin")),
        "mchc": ("MCHC", N_("Mean corpuscular haemoglobin concentration")),
        "rdw_cv": ("RDW-CV", N_("Red cell distribution width (CV)")),
        "rdw_sd": ("RDW-SD", N_("Red cell distribution width (SD)")),
        "mpv": ("MPV", N_("Mean platelet volume")),
        "tsh": ("TSH", N_("Thyroid-stimulating hormone")),
        "psa_total": ("PSA", N_("Total prostate-specific antigen")),
        "bnp": ("BNP", N_("B-type natriuretic peptide")),
        "troponin_t": ("cTnT", N_("Troponin T, older assay")),
        "troponin_i": ("cTnI", N_("Troponin I")),
        "amylase_pancreatic": ("P-AMY", N_("Pancreatic amylase")),
        "faecal_elastase": ("FE-1", N_("Faecal elastase")),
        "lvef": ("LVEF", N_("Left ventricular ejection fraction")),
        "temperature": ("Temp", N_("Body temperature")),
        "respiratory_rate": ("RR", N_("Respiratory rate")),
        "spo2": ("SpO₂", N_("Oxygen saturation")),
        "fev1": ("FEV₁", N_("Forced expiratory volume in 1 s")),
        "fev1_percent_predicted": ("FEV₁ %", N_("FEV₁ in percent of predicted")),
        "fvc": ("FVC", N_("Forced vital capacity")),
        "fev1_fvc": ("FEV₁/FVC", N_("FEV₁ to FVC ratio")),
        "quit_years": (N_("Quit"), N_("Years since stopping smoking")),
        "cigarettes_per_day": (N_("Cig/day"), N_("Cigarettes a day")),
        "smoking_duration": (N_("Smoked"), N_("Years of smoking")),
        "ascites": (N_("Ascites"), N_("Presence of ascites")),
        "hepatic_encephalopathy": ("HE", N_("Hepatic encephalopathy")),
        "edema": (N_("Oedema"), N_("Presence of oedema")),
        "cap": ("CAP", N_("Controlled attenuation parameter")),
        "liver_volume": (N_("Liver volume"), N_("Volume of the liver")),
        "spleen_volume": (N_("Spleen volume"), N_("Volume of the spleen")),
        "portal_vein_diameter": (N_("Portal vein Ø"), N_("Diameter of the portal vein")),
        "aorta_root_diameter": (N_("Aortic root Ø"), N_("Diameter of the aortic root")),
        "aorta_ascending_diameter": (N_("Ascending aorta Ø"), N_("Diameter of the ascending aorta")),
        "aorta_arch_diameter": (N_("Aortic arch Ø"), N_("Diameter of the aortic arch")),
        "aorta_descending_diameter": (N_("Descending aorta Ø"), N_("Diameter of the descending aorta")),
        "aorta_abdominal_diameter": (N_("Abdominal aorta Ø"), N_("Diameter of the abdominal aorta")),
        "pulmonary_artery_diameter": (N_("Pulmonary artery Ø"), N_("Diameter of the pulmonary artery")),
        "laa950": ("LAA-950", N_("Low-attenuation area below -950 HU")),
        "perc15": ("Perc15", N_("15th percentile of lung density")),
        "lung_volume_ct": (N_("Lung volume"), N_("Lung volume on CT")),
        "nodule_solid_diameter": (N_("Solid part Ø"), N_("Diameter of the nodule's solid part")),
        "pancreatic_duct_diameter": (N_("Pancreatic duct Ø"), N_("Diameter of the pancreatic duct")),
        "pancreas_volume": (N_("Pancreas volume"), N_("Volume of the pancreas")),
        "pancreas_hu": (N_("Pancreas HU"), N_("CT attenuation of the pancreas")),
        "pancreatic_cyst_diameter": (N_("Pancreatic cyst Ø"), N_("Diameter of the largest pancreatic cyst")),
        "kidney_volume_right": (N_("Right kidney"), N_("Volume of the right kidney")),
        "kidney_volume_left": (N_("Left kidney"), N_("Volume of the left kidney")),
        "kidney_hu_right": (N_("Right kidney HU"), N_("CT attenuation of the right kidney")),
        "kidney_hu_left": (N_("Left kidney HU"), N_("CT attenuation of the left kidney")),
        "visceral_fat_area": ("VFA", N_("Visceral fat area")),
        "subcutaneous_fat_area": ("SFA", N_("Subcutaneous fat area")),
        "muscle_area_l3": (N_("Muscle L3"), N_("Muscle area at L3")),
        "muscle_hu": (N_("Muscle HU"), N_("CT attenuation of muscle")),
        "vertebral_hu": (N_("Vertebra HU"), N_("CT attenuation of the vertebra")),
        "cardiothoracic_ratio": ("CTR", N_("Cardiothoracic ratio")),
        "heart_volume": (N_("Heart volume"), N_("Volume of the heart")),
        "epicardial_fat_volume": ("EFV", N_("Epicardial fat volume")),
        "coronary_calcium_volume": (N_("CAC volume"), N_("Volume of coronary calcium")),
    }
)
SCORES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "fib4": ("FIB-4", N_("Index of liver fibrosis")),
        "apri": ("APRI", N_("AST to platelet ratio index")),
        "albi": ("ALBI", N_("Albumin-bilirubin score")),
        "meld3": ("MELD 3.0", N_("Model for end-stage liver disease")),
        "prevent": ("PREVENT", N_("Risk of cardiovascular disease")),
        "china_par": ("China-PAR", N_("10-year risk of ASCVD in China")),
        "ckdepi": ("CKD-EPI", N_("Estimated glomerular filtration rate (CKD-EPI)")),
        "kfre4": ("KFRE", N_("Risk of kidney failure")),
        "bmi": ("BMI", N_("Body mass index")),
        "rcv": ("RCV", N_("Reference change value")),
    }
)
ORGANS: Mapping[str, str] = MappingProxyType(
    {
        "liver": N_("Liver"),
        "vascular": N_("Heart and vessels"),
        "lung": N_("Lung"),
        "pancreas": N_("Pancreas"),
        "kidney": N_("Kidney"),
    }
)
OTHERS: Mapping[str, str] = MappingProxyType(
    {
        "age": N_("age"),
        "sex": N_("sex"),
        "male": N_("sex"),
        "ast_uln": N_("upper limit of AST"),
        "albumin_gl": N_("albumin"),
        "bilirubin_umol": N_("bilirubin"),
        "bilirubin": N_("bilirubin"),
        "scr": N_("creatinine"),
        "scys": N_("cystatin C"),
        "dialysis": N_("dialysis"),
        "model": N_("equation"),
        "years": N_("years ahead"),
        "total_c": N_("total cholesterol"),
        "total_c_mgdl": N_("total cholesterol"),
        "hdl_c_mgdl": N_("HDL cholesterol"),
        "bp_tx": N_("treatment for blood pressure"),
        "dm": N_("diabetes"),
        "smoking": N_("smoking"),
        "statin": N_("statin"),
        "uacr": N_("urine albumin-creatinine ratio"),
        "uacr_mgg": N_("urine albumin-creatinine ratio"),
        "sdi_decile": N_("social deprivation"),
        "waist_cm": N_("waist"),
        "north": N_("north of China"),
        "urban": N_("lives in a city"),
        "family_history": N_("family history"),
        "north_america": N_("North America"),
        "weight_kg": N_("weight"),
        "height_cm": N_("height"),
        "region": N_("region"),
        "nephrology_visit": N_("nephrology visit"),
        "transplant_referral": N_("transplant referral"),
        "clinician_decision": N_("a clinician's decision"),
    }
)
"""Inputs of scores under their own names, and results that close a recall and are no measurement."""

Translate = Callable[[str], str]


def symbol(key: str, gettext: Translate) -> str:
    """Return the short name of a signal, score or other input (`ALT`, `FIB-4`, `age`)."""
    key = key.rpartition(".")[2]  # an input of an input: `egfr.scr`
    found = SIGNALS.get(key) or SCORES.get(key)
    return gettext(found[0]) if found else gettext(OTHERS.get(key, key.replace("_", " ")))


def name(key: str, gettext: Translate) -> str:
    """Return the full name of a signal or score; of anything else its key in plain letters."""
    found = SIGNALS.get(key) or SCORES.get(key)
    return gettext(found[1]) if found else gettext(OTHERS.get(key, key.replace("_", " ")))


def organ(key: str, gettext: Translate) -> str:
    """Return what an organ is called."""
    return gettext(ORGANS.get(key, key.replace("_", " ").capitalize()))
