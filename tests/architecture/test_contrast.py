"""Text is readable: every colour of the design that carries words stands out from its ground, by day and by night."""

import re

import pytest

from twin.web.i18n import LOCALE

TOKENS = (LOCALE.parent / "static" / "tokens.css").read_text(encoding="utf-8")
WORDS = ("ink", "muted", "accent", "forecast", "caution", "urgent", "good")
GROUNDS = ("paper", "hover", "selected", "model-ground")
ENOUGH = 4.5  # WCAG 2.2, 1.4.3: contrast of text below 18 pt


def tokens(theme: str) -> dict[str, str]:
    block = {"light": r":root \{(.*?)\n\}", "dark": r':root\[data-theme="dark"\] \{(.*?)\n\}'}[theme]
    found = re.search(block, TOKENS, re.S)
    assert found
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", found[1]))


def luminance(colour: str) -> float:
    """Relative luminance of an sRGB colour, WCAG 2.2."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("word", WORDS)
def test_words_stand_out_from_their_ground(theme: str, ground: str, word: str) -> None:
    found = tokens(theme)
    assert contrast(found[word], found[ground]) >= ENOUGH


def test_a_dark_screen_that_was_not_asked_for_and_one_that_was_are_the_same() -> None:
    asked = tokens("dark")
    preferred = re.search(r"@media \(prefers-color-scheme: dark\) \{(.*)\}", TOKENS, re.S)
    assert preferred
    assert dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", preferred[1])) == asked
