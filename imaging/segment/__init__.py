"""Organs in a CT: our own segmenter, other tools' labels, labels that were handed in."""
