"""How are states, verdicts, reasons and kinds said in words? Keys come from the record, texts go through gettext."""

from collections.abc import Mapping
from types import MappingProxyType

from twin.web.dashboard.ct_reasons import in_words
from twin.web.dashboard.names import N_, Translate, symbol

STANDING: Mapping[str, str] = MappingProxyType(
    {
        "upcoming": N_("upcoming"), "due": N_("due"), "overdue": N_("overdue"), "snoozed": N_("snoozed"),
        "closed": N_("closed"), "stopped": N_("stopped"), "open": N_("open"),
    }
)  # fmt: skip
CHANGE: Mapping[str, str] = MappingProxyType(
    {"changed": N_("real change"), "no_real_change": N_("no real change"), "cannot_tell": N_("can't tell")}
)
ABSENT: Mapping[str, str] = MappingProxyType(
    {
        "no_data": N_("no value on record"),
        "no_signal": N_("not a measurement the twin follows"),
        "missing_input": N_("an input is missing"),
        "stale_input": N_("an input is too old"),
        "bad_unit": N_("the unit does not belong to this measurement"),
        "bad_code": N_("the code was not understood"),
        "impossible_value": N_("the value is impossible"),
        "implausible": N_("implausible value"),
        "not_numeric": N_("not a number"),
        "not_positive": N_("not above zero"),
        "no_value": N_("no value was sent"),
        "no_unit": N_("no unit was sent"),
        "ambiguous_unit": N_("the unit can be read in two ways"),
        "after_death": N_("dated after the patient's death"),
        "before_birth": N_("dated before the patient's birth"),
        "dated_ahead": N_("dated in the future"),
        "comparator": N_("given only as a bound (< or >)"),
        "not_final": N_("not a final result"),
        "outside_population": N_("the score was not made for this patient"),
        "no_model_for_this_population": N_("no model for this population"),
        "unknown_kind_of_model": N_("a kind of model this software does not know"),
        "outlier": N_("far outside this patient's own course"),
        "beyond_horizon": N_("not within the forecast"),
        "not_reached": N_("not within the forecast"),
        "too_few_values": N_("too few values"),
        "superseded": N_("replaced by a corrected result"),
        "died": N_("the patient has died"),
        "no_model": N_("no model for this population"),
        "no_growth": N_("no growth"),
        "beyond_forecast": N_("not within the forecast"),
        "already_past": N_("already past"),
        "not_applicable": N_("does not apply to this patient"),
        "no_reference": N_("mean and spread of the score are not known here for the patient's ancestry group"),
        "adult_reference": N_("the range known here is one of adults"),
        "no_effect": N_("no effect per SD is known for the ancestry group that is stated here"),
        "outside_validated": N_("outside the range the score was checked in"),
    }
)
CATEGORY: Mapping[str, str] = MappingProxyType(
    {
        "low": N_("low"), "intermediate": N_("intermediate"), "high": N_("high"), "moderate": N_("moderate"),
        "borderline": N_("borderline"), "very_high": N_("very high"), "indeterminate": N_("indeterminate"),
        "underweight": N_("underweight"), "normal": N_("normal"), "overweight": N_("overweight"), "obese": N_("obese"),
        "grade 1": N_("grade 1"), "grade 2": N_("grade 2"), "grade 3": N_("grade 3"),
    }
)  # fmt: skip
ACTION: Mapping[str, str] = MappingProxyType(
    {
        "opened": N_("opened"), "updated": N_("judged again on new data"), "approved": N_("approved"),
        "snoozed": N_("snoozed"), "unsnoozed": N_("snooze ended"), "assigned": N_("assigned"),
        "reminded": N_("reminder sent"), "closed_by_result": N_("closed by the result"),
        "closed_by_person": N_("closed by a person"), "reopened": N_("reopened"), "stopped": N_("stopped"),
        "withdrawn": N_("withdrawn: its evidence was corrected"),
        "merged": N_("another record was merged in"), "unmerged": N_("the merge was undone"),
    }
)  # fmt: skip
SUPPRESSED: Mapping[str, str] = MappingProxyType({"merged": N_("merged: this patient's own recall stands for it")})
GRADE: Mapping[str, str] = MappingProxyType(
    {
        "certain": N_("Almost certainly one person"), "probable": N_("Probably one person"),
        "possible": N_("Possibly one person"), "certainly-not": N_("Almost certainly two people"),
    }
)  # fmt: skip
MATCH_FIELD: Mapping[str, str] = MappingProxyType(
    {
        "family": N_("family name"), "given": N_("given name"), "birth_date": N_("birth date"), "sex": N_("sex"),
        "identifier": N_("identifier"), "twins": N_("twins"),
    }
)  # fmt: skip
MATCH_LEVEL: Mapping[str, str] = MappingProxyType(
    {
        "same": N_("the same"), "close": N_("nearly the same"), "initial": N_("fits the initial"),
        "swapped": N_("family and given name swapped"), "different": N_("different"), "missing": N_("missing"),
        "not_comparable": N_("in different scripts"), "day_month_swapped": N_("day and month swapped"),
        "one_digit": N_("one digit differs"), "year_only": N_("only the year agrees"),
        "same_number": N_("the same number from another issuer"), "possible": N_("possible"),
    }
)  # fmt: skip
CLOSING: Mapping[str, str] = MappingProxyType(
    {
        "done_elsewhere": N_("The examination was done elsewhere"),
        "not_indicated": N_("Not indicated for this patient"),
        "declined": N_("The patient declines, knowing why it was advised"),
        "duplicate": N_("Another recall covers it"),
        "handled_otherwise": N_("It was handled in another way"),
        "other": N_("Another reason, in the note"),
    }
)
PRIORITY: Mapping[str, str] = MappingProxyType(
    {"routine": N_("routine"), "soon": N_("soon"), "urgent": N_("urgent"), "immediate": N_("immediate")}
)
PEOPLE: Mapping[str, str] = MappingProxyType(
    {
        "european": N_("an average, mostly of people of European ancestry"),
        "african_american": N_("an average of African Americans"),
        "several": N_("an average of people of several ancestries"),
    }
)
"""Whom the effect of a genotype was found in."""
VERIFICATION: Mapping[str, str] = MappingProxyType(
    {
        "verified": N_("checked against the source"),
        "read": N_("the source was read"),
        "secondary": N_("read on one secondary page only"),
        "unverified": N_("not verified"),
        "reconstructed": N_("rebuilt from rounded numbers"),
        "single_source": N_("one source or one implementation only"),
        "derived": N_("worked out from numbers of the source"),
    }
)
HOUSE: Mapping[str, str] = MappingProxyType(
    {
        "months": N_("house value: these months are no guideline's"),
        "line": N_("house rule: no guideline sets this line or this use"),
    }
)
RULE_STATUS: Mapping[str, str] = MappingProxyType(
    {
        "on": N_("on"),
        "off_unverified": N_("off: not verified, nobody has switched it on"),
        "not_applicable": N_("does not apply to this patient"),
    }
)
KIND: Mapping[str, str] = MappingProxyType(
    {
        "observation": N_("Measurement"), "condition": N_("Condition"), "procedure": N_("Procedure"),
        "medication": N_("Medicine"), "report": N_("Report"), "imaging_study": N_("Imaging"),
        "family_history": N_("Family history"), "allergy": N_("Allergy"), "encounter": N_("Visit"),
        "finding": N_("Finding"), "death": N_("Death"),
    }
)  # fmt: skip
KNOWN_BASIS: Mapping[str, str] = MappingProxyType(
    {
        "issued": N_("release time of the source"),
        "message": N_("time of the message or document"),
        "observed": N_("assumed: when it was observed"),
        "received": N_("assumed: when it arrived here"),
    }
)
IMPORT: Mapping[str, str] = MappingProxyType(
    {
        "read": N_("read"), "imported": N_("imported"), "duplicates": N_("duplicates"), "superseded": N_("superseded"),
        "rejected": N_("rejected"), "not_used": N_("not used"), "facts": N_("facts"), "patients": N_("patients"),
        "done": N_("done"), "running": N_("running"), "failed": N_("failed"), "screened": N_("screened"),
        "refused": N_("refused"), "received": N_("received"), "waiting": N_("waiting"), "error": N_("failed"),
        "needs_patient": N_("patient not known"), "finished": N_("done"),
        "done_with_rejects": N_("done with rejects"), "queued": N_("waiting"), "uploaded": N_("waiting"),
        "cancelled": N_("cancelled"), "interrupted": N_("interrupted"),
    }
)  # fmt: skip
ROLE: Mapping[str, str] = MappingProxyType(
    {
        "clinician": N_("clinician"), "coordinator": N_("recall coordinator"), "reader": N_("reader of CT"),
        "integrator": N_("integrator"), "admin": N_("administrator"),
    }
)  # fmt: skip
DIRECTION: Mapping[str, str] = MappingProxyType({"rising": N_("rising"), "falling": N_("falling")})
HELD: Mapping[str, str] = MappingProxyType(
    {
        "off_unverified": N_("Not asked for: the rule is not verified, and no clinician has switched it on."),
        "evidence_too_old": N_("Not asked for: the newest result is more than three years old. A new one is needed."),
        "answered": N_("Not asked for: the examination was done within the last year."),
    }
)
SEX: Mapping[str, str] = MappingProxyType({"female": N_("F"), "male": N_("M")})
CALLED: Mapping[str, str] = MappingProxyType(
    {
        "heterozygous": N_("one copy"), "homozygous": N_("two copies"), "hemizygous": N_("the only copy"),
        "absent": N_("no copy"), "other_allele": N_("another allele, of unknown effect"),
    }
)  # fmt: skip
CODED: Mapping[str, str] = MappingProxyType(
    {
        "never": N_("never"), "former": N_("former"), "current": N_("current"), "positive": N_("positive"),
        "negative": N_("negative"), "none": N_("none"), "mild": N_("mild"), "moderate-severe": N_("moderate to severe"),
        "grade1-2": N_("grade 1 to 2"), "grade3-4": N_("grade 3 to 4"), "solid": N_("solid"),
        "part_solid": N_("part-solid"), "ground_glass": N_("ground glass"), "subsolid": N_("subsolid"),
        "single": N_("single"), "multiple": N_("multiple"), "pregnant": N_("pregnant"),
        "not_pregnant": N_("not pregnant"),
    }
)  # fmt: skip
SMOKING: Mapping[str, str] = MappingProxyType(
    {"never": N_("never smoked"), "former": N_("former smoker"), "current": N_("smoker")}
)
FEATURE: Mapping[str, str] = MappingProxyType(
    {
        "brightness": N_("brightness"), "variation": N_("variation"), "boundary": N_("boundary complexity"),
        "similarity": N_("similarity to surroundings"),
    }
)  # fmt: skip
OF_STUDY: tuple[str, ...] = ("normal", "abnormal")
OF_REGION: tuple[str, ...] = ("suspicious", "harmless", "normal_tissue", "artefact")
PRESENCE: Mapping[str, str] = MappingProxyType(
    {
        "present": N_("present"), "absent": N_("absent"), "not_evaluated": N_("not evaluated"),
        "undetermined": N_("undetermined"),
    }
)  # fmt: skip
VERDICT: Mapping[str, str] = MappingProxyType(
    {
        "normal": N_("read as normal"), "abnormal": N_("read as abnormal"), "suspicious": N_("suspicious"),
        "harmless": N_("a harmless lesion"), "normal_tissue": N_("normal tissue"), "artefact": N_("an artefact"),
    }
)  # fmt: skip
TEXTURE: Mapping[str, str] = MappingProxyType(  # LIDC-IDRI's scale, its ends and middle named by it
    {
        "1": N_("ground-glass"), "2": N_("mostly ground-glass"), "3": N_("part-solid"), "4": N_("mostly solid"),
        "5": N_("solid"),
    }
)  # fmt: skip
MEASURED: Mapping[str, str] = MappingProxyType(
    {
        "nodule_volume_mm3": N_("nodule volume"), "nodule_diameter_mm": N_("nodule diameter"),
        "nodule_attenuation_hu": N_("nodule attenuation"),
    }
)  # fmt: skip
REJECT: Mapping[str, str] = MappingProxyType(
    {
        "ambiguous_patient": N_("several patients are meant"),
        "bad_unit": N_("the unit does not belong to the analyte"),
        "conflicting_demographics": N_("the number belongs to somebody of another name and birth date"),
        "conflicting_identifiers": N_("the numbers belong to several patients"),
        "id_of_another": N_("the id stands for another patient"),
        "implausible": N_("outside the plausible range"),
        "impossible_date": N_("impossible date"),
        "impossible_value": N_("impossible value"),
        "invalid": N_("breaks a rule of its format"),
        "no_date_or_code": N_("no date or no code"),
        "no_identifier": N_("no patient number"),
        "two_patients": N_("two patients in one document"),
        "unknown_patient": N_("the patient is not known"),
        "unreadable": N_("cannot be read"),
        "wrong_encoding": N_("wrong character encoding"),
    }
)
QUARANTINE: Mapping[str, str] = MappingProxyType(
    {"waiting": N_("waits"), "replayed": N_("taken since"), "dismissed": N_("set aside")}
)
BREAK: Mapping[str, str] = MappingProxyType(
    {
        "changed": N_("a sealed row was changed"), "deleted": N_("a sealed row was deleted"),
        "seal_missing": N_("a seal is missing"), "head_missing": N_("the end of the chain was cut off"),
    }
)  # fmt: skip
# Sentences that arrive ready-made in a snapshot, in English; a test holds them against the places that make them.
SENTENCES: tuple[str, ...] = (
    N_("Never measured: a first result would start the curve."),
    N_("No value could be used: see the reasons at the points."),
    N_("Not measured for more than ten years: a new result is needed."),
    N_("An anticoagulant raises the INR: MELD 3.0 overstates."),
    N_("Creatinine falls in pregnancy: eGFR overstates."),
    N_(
        "Coefficients are reconstructed within the printed rounding; largest difference from the official calculator "
        "0.1 percentage points."
    ),
    N_("In men the published waist coefficient is negative: a larger waist is not protective."),
    N_("An anticoagulant raises the INR: the score overstates."),
    N_("SCORE2 has no term for diabetes: it understates."),
    N_("A vitamin K antagonist raises PIVKA-II: GALAD overstates."),
    N_("Insulin is injected: HOMA-IR says nothing."),
    N_("A variant haemoglobin: HbA1c misleads."),
)
# Titles of error pages (`twin.web.errors` holds the English texts; they are marked here to be extracted).
ERROR_PAGES: tuple[str, ...] = (
    N_("This request was not understood"), N_("Go back, load the page again and try once more."),
    N_("This is not open to you"),
    N_("Your role does not include this page, or the form was too old. Load it again."),
    N_("Nothing is here"), N_("The address may be mistyped, or the patient is not known here."),
    N_("This has changed meanwhile"), N_("Someone else, or a new result, was faster. Load the page again."),
    N_("The file is too large"), N_("This instance does not take a file of this size."),
    N_("This kind of file is not taken"), N_("Send FHIR, or a DICOM archive."),
    N_("Something is missing or does not fit"), N_("Check what was entered and send it again."),
    N_("Too many attempts"), N_("Wait a few minutes, then try again."),
)  # fmt: skip


def say(table: Mapping[str, str], key: str | None, gettext: Translate) -> str:
    """Return the words for a key; an unknown key is shown in plain letters, never hidden."""
    if not key:
        return "–"
    return gettext(table[key]) if key in table else key.replace("_", " ")


def why_absent(reason: str | None, gettext: Translate) -> str:
    """Return why a value is absent: the reason's key, and behind a colon what it concerns (`missing_input: inr`).

    What is no key is a sentence of `imaging`: why a CT was refused, or not measured.
    """
    if reason in SENTENCES:
        return gettext(reason)
    key, _, detail = (reason or "").partition(":")
    if reason and key.strip() not in ABSENT and " " in reason.strip():
        return in_words(reason, gettext)
    told = say(ABSENT, key.strip(), gettext)
    concerned = ", ".join(symbol(part.strip(), gettext) for part in detail.split(",") if part.strip())
    return f"{told} ({concerned})" if concerned else told
