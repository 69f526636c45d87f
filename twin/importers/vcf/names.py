"""Which build a file speaks of that does not say so: told by where it puts the panel's rs numbers, or not at all."""

from twin.importers.content import Content
from twin.importers.vcf.source import Broken, lines
from twin.record.genome.builds import BUILDS, Build
from twin.record.genome.panel import panel

_LEAST = 3  # named variants that must stand where one build has them, and none where it has not


def build_of_names(content: Content) -> Build | None:
    """Return the build in which every panel variant named in the ID column stands, None where too few are named."""
    agreeing: dict[Build, int] = dict.fromkeys(BUILDS, 0)
    seen = 0
    try:
        for _, raw in lines(content):
            if raw is None or raw.startswith(b"#"):
                continue
            fields = raw.split(b"\t", 3)
            if len(fields) < 4 or not fields[2].startswith(b"rs"):
                continue
            variant = panel().get(fields[2].decode("latin-1"))
            if variant is None or len(variant.positions) < len(BUILDS):
                continue
            seen += 1
            for build, position in variant.positions.items():
                agreeing[build] += str(position).encode() == fields[1]
    except Broken:
        return None
    return next((build for build, count in agreeing.items() if count >= _LEAST and count == seen), None)
