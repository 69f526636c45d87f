"""Simulated patients with a known truth: the demo's cohort, and the oracle of the forecast's tests.

    cohort(50, seed=1, until=today)      who they are, what is true of them, what was measured
    bundle(patient), correction(patient) what a hospital would export of one: FHIR R4
    encode(a_bundle)                     its bytes, decimals with their digits
    follow_up(patient, on)               what comes back after a recall
    latent, latent_on, crossing, timeline_values   the truth

Nobody here is real: names say so, numbers are drawn.
"""

from twin.synth.cohort import cohort
from twin.synth.fhir import bundle, correction, encode
from twin.synth.follow_up import follow_up, next_visit
from twin.synth.oracle import crossing, latent, latent_on, timeline_values
from twin.synth.patient import SyntheticPatient

__all__ = [
    "SyntheticPatient",
    "bundle",
    "cohort",
    "correction",
    "crossing",
    "encode",
    "follow_up",
    "latent",
    "latent_on",
    "next_visit",
    "timeline_values",
]
