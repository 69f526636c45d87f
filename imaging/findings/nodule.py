"""Are there lumps in the lungs of up to 3 cm?

It misleads as screening does: vessels, scars and the hilum are outlined too, and most lumps under 6 mm are missed.
"""

from imaging.findings.base import of_lumps

FINDER = of_lumps(
    key="nodule",
    looks_for="lumps in the lungs of 3 to 30 mm",
    least_mm=3.0,
    most_mm=30.0,  # Hansell 2008: a nodule is up to 3 cm; under 3 mm it is a micronodule
)
