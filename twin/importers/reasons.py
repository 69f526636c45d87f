"""Why can an item not be used? Every reason that a reject may have: what it means, and what mends it.

A word that is not here is none that a report may say (a test looks for those that the code says).
"""

from collections.abc import Mapping
from types import MappingProxyType

REASONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "unknown_patient": ("the item names a patient who is not known here, or none",
                            "send the patient first, or name the patient of the file; then replay"),
        "ambiguous_patient": ("what the item names means several patients", "send an identifier of one of them"),
        "conflicting_identifiers": ("the patient's identifiers belong to several known patients",
                                    "merge those patients if they are one, or mend the identifiers; then replay"),
        "conflicting_demographics": ("the identifier belongs to a record of another name and birth date",
                                     "mend the number at the source, or name the patient; then replay"),
        "id_of_another": ("a resource id under which another patient's resource stands",
                          "name the sending system (source) if it is another one; else mend the id or the patient"),
        "two_patients": ("it speaks of two patients, or of another than the one that was named",
                         "send each patient's part by itself"),
        "conflicting_image": ("an image with the SOP instance UID of one that is here, and other content",
                              "see which is right at the source; the file is kept beside the reject"),
        "no_patient_id": ("the row names no number of the patient", "fill the column, or name the patient"),
        "no_identifier": ("a person or a merge without any identifier", "send it with an identifier"),
        "invalid": ("it breaks a rule of its format; the detail names the element", "mend it at the source"),
        "no_date_or_code": ("sound, but without a date or a code nothing can be said", "send it with both"),
        "no_date": ("the row has no date", "fill the column, or name another in the mapping"),
        "no_code": ("the row has no code and no name of a test", "fill the column, or name another in the mapping"),
        "bad_date": ("a date that the mapping's formats do not read", "add its format to the mapping; then replay"),
        "impossible_date": ("in the future, before birth, ends before it begins, or after its source's own time",
                            "mend the date, or declare shifted dates for de-identified data"),
        "implausible": ("a value outside what is plausible for its signal", "see whether value and unit are right"),
        "bad_unit": ("a unit that does not belong to the analyte", "`twin codes unit`, or mend it; then replay"),
        "impossible_value": ("a number that is not finite", "mend it at the source"),
        "unsupported_version": ("a version of the format that is not taken", "export it as one that is"),
        "not_taken": ("a request within a bundle that is not taken (DELETE, PATCH)", "send what it means otherwise"),
        "status_only": ("HL7 v2 OBX-11 U without the value", "send the result again, whole"),
        "wrong_count": ("a batch or file does not hold as many messages as its trailer says", "send it again, whole"),
        "no_segment": ("lines outside of any HL7 v2 message", "send it from its MSH on"),
        "unreadable": ("a file that no format reads; the detail says why", "mend or convert it"),
        "truncated": ("the file ends in the middle", "send it again, whole"),
        "too_long": ("a line or row longer than is taken", "see whether the file is what it should be"),
        "too_large": ("a value or list larger than is taken", "see whether it is what it should be"),
        "bad_row": ("a row of a table with more or fewer cells than its header, or an open quotation",
                    "mend the row"),
        "bad_encoding": ("bytes that are not text in the file's encoding", "name the encoding in the mapping"),
        "missing_file": ("the manifest of an export names a file that is not beside it", "add the file"),
        "incomplete_file": ("a file of an export holds fewer resources than its manifest says", "export it again"),
        "unknown_build": ("a VCF that does not say its reference genome", "state it in the header"),
        "contradicting_builds": ("a VCF that names two reference genomes", "mend the header"),
        "unsupported_build": ("a reference genome other than GRCh37 and GRCh38", "lift it over"),
        "wrong_place": ("a variant does not stand where its build has it", "see whether the build is right"),
        "reference_mismatch": ("REF is not the reference base there: another strand or build",
                               "see whether the build is right"),
        "conflicting_calls": ("several records of one variant that contradict one another", "send the one that holds"),
        "no_call": ("the genotype is missing", "nothing: absent is not reference"),
        "half_call": ("half of the genotype is missing", "nothing: absent is not reference"),
        "other_build": ("a scoring file without places in the VCF's build", "take its harmonised file"),
        "few_variants": ("too few of a score's variants are in the file", "impute, or leave the score out"),
        "unphased": ("the phase that decides is not told", "send phased genotypes"),
        "missing_input": ("what a combined result needs is not there", "send what the detail names"),
    }
)  # fmt: skip
"""Reason to what it means and what mends it."""
