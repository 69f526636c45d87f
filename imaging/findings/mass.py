"""Are there lumps in the lungs of more than 3 cm?

It misleads as screening does: vessels, scars and the hilum are outlined too, and most lumps under 6 mm are missed.
"""

from imaging.findings.base import of_lumps

FINDER = of_lumps(
    key="mass",
    looks_for="lumps in the lungs of more than 30 mm",
    over_mm=30.0,  # Hansell 2008: more than 3 cm is a mass
)
