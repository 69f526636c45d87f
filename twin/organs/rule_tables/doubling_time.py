"""What does the doubling time of a solid lung nodule speak for?"""


def band(vdt_days: float) -> str:
    """Return the band of the BTS: below 400 days suspicious, to 600 indeterminate, above likely benign."""
    return "suspicious" if vdt_days < 400 else "indeterminate" if vdt_days <= 600 else "likely benign"
