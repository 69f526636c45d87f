"""Every text a person can meet exists in every language, and says the same thing with the same blanks."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from alerts.steps import CLOSING_REASONS
from alerts.trigger import PRIORITIES
from twin.forecast import signal_panel
from twin.record.signal import signals
from twin.scores import SCORES
from twin.store.accounts import ROLES
from twin.web.dashboard import names, words
from twin.web.errors import _PAGES
from twin.web.i18n import LANGUAGES, LOCALE

WEB = LOCALE.parent
BLANK = re.compile(r"%\((\w+)\)[sd]")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
SAME_IN_BOTH = {"MELD 3.0"}  # names that are no words
KEYWORDS = {"_": None, "gettext": None, "N_": None, "ngettext": (1, 2)}


@pytest.fixture(scope="module")
def extracted() -> set[str]:
    """The texts that stand in templates and modules of the pages, singular forms only."""
    with (LOCALE / "babel.cfg").open(encoding="utf-8") as config:
        methods, options = parse_mapping_cfg(config)
    found = extract_from_dir(WEB, methods, options, KEYWORDS)
    return {text if isinstance(text, str) else text[0] for _, _, text, _, _ in found}


@pytest.fixture(scope="module")
def catalogues() -> Mapping[str, Catalog]:
    def read(language: str) -> Catalog:
        with (LOCALE / language / "LC_MESSAGES" / "messages.po").open("rb") as source:
            return read_po(source, locale=language)

    return {language: read(language) for language in LANGUAGES}


def keys(catalogue: Catalog) -> set[str]:
    return {message.id if isinstance(message.id, str) else message.id[0] for message in catalogue if message.id}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_holds_exactly_the_texts_of_the_pages(
    language: str, extracted: set[str], catalogues: Mapping[str, Catalog]
) -> None:
    found = keys(catalogues[language])
    assert not extracted - found, "run the two commands in twin/web/locale/babel.cfg"
    assert not found - extracted, "a text that no page says any more"


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_empty_or_fuzzy(language: str, catalogues: Mapping[str, Catalog]) -> None:
    for message in catalogues[language]:
        texts = [message.string] if isinstance(message.string, str) else message.string
        assert all(texts) and not (message.id and message.fuzzy), message.id


def test_chinese_texts_have_the_same_blanks(catalogues: Mapping[str, Catalog]) -> None:
    for message in catalogues["zh_CN"]:
        if message.id:
            english = message.id if isinstance(message.id, str) else message.id[-1]
            chinese = message.string if isinstance(message.string, str) else message.string[0]
            assert sorted(BLANK.findall(english)) == sorted(BLANK.findall(chinese)), english


def test_chinese_texts_are_chinese(catalogues: Mapping[str, Catalog]) -> None:
    for message in catalogues["zh_CN"]:
        if message.id and isinstance(message.id, str) and message.id not in SAME_IN_BOTH:
            assert CHINESE.search(message.string), message.id


def test_every_signal_and_score_has_a_name() -> None:
    assert set(names.SIGNALS) >= set(signals())
    assert set(names.SCORES) >= {score.key for score in SCORES}


def test_every_input_of_a_score_has_a_name() -> None:
    known = {*names.SIGNALS, *names.SCORES, *names.OTHERS}
    shown = [score for score in SCORES if score.key != "rcv"]  # a tool of the command line, not on a page
    assert not {given.key for score in shown for given in score.inputs} - known


@pytest.mark.parametrize("concept", ["pregnancy", "liver_transplant", "dialysis"])
def test_what_a_score_is_refused_for_has_a_name(concept: str) -> None:
    assert any(concept in score.excludes for score in SCORES)
    assert concept in names.OTHERS


def test_ready_made_sentences_of_the_snapshot_are_in_the_catalogue() -> None:
    made = {sentence for score in SCORES for sentence in (*score.warnings, *score.confounders.values())}
    made |= {signal_panel.NEVER.en, signal_panel.NONE_USED.en, signal_panel.TOO_OLD.en}
    assert made <= set(words.SENTENCES)


def test_every_reason_why_a_reading_is_not_used_has_words() -> None:
    told = {"no_value", "no_unit", "not_numeric", "ambiguous_unit", "comparator", "not_final", "bad_code", "bad_unit"}
    told |= {"implausible", "impossible_value", "after_death", "before_birth", "dated_ahead", "not_positive"}
    assert told <= set(words.ABSENT)


def test_every_code_that_a_page_shows_has_words() -> None:
    assert set(words.CLOSING) == set(CLOSING_REASONS)
    assert set(words.PRIORITY) == set(PRIORITIES)
    assert set(words.ROLE) == set(ROLES)
    assert {text for page in _PAGES.values() for text in page} == set(words.ERROR_PAGES)


def test_templates_take_no_inline_style_or_script() -> None:
    for path in sorted(Path(WEB / "templates").glob("*.html")):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"\sstyle=|\son[a-z]+=|<style|javascript:|hx-on|hx-vals=['\"]js:", text), path.name
        assert not re.search(r"<script(?![^>]*\ssrc=)", text), path.name


def test_style_sheets_name_no_colour_but_through_tokens() -> None:
    dark_room = {"#e6e8eb", "#aab3bc", "#000", "#fff"}  # the CT view is near-black in light and dark alike; print
    for path in sorted((WEB / "static").glob("*.css")):
        if path.name != "tokens.css":
            assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", path.read_text(encoding="utf-8"))) <= dark_room, path.name
