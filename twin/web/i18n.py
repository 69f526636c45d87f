"""In which language does this person read, and what does a text say in it?

The catalogues are the `.po` files beside this one, compiled in memory, so no binary file is kept and none can be stale.
"""

import gettext
from functools import cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from twin.errors import ConfigurationError

LANGUAGES = ("en", "zh_CN")
NAMES = {"en": "English", "zh_CN": "中文"}
HTML_LANG = {"en": "en", "zh_CN": "zh-CN"}
COOKIE = "twin_language"
LOCALE = Path(__file__).parent / "locale"


def N_(text: str) -> str:  # gettext's own name for it, which the collector looks for
    """Return the text as it is; marks it for the catalogues where it is translated later."""
    return text


@cache
def translate(language: str) -> gettext.NullTranslations:
    """Return the catalogue of a language: `.gettext(text)`, `.ngettext(one, many, n)`. A missing text stays English.

    Raises:
        ConfigurationError: there is no such catalogue.
    """
    path = LOCALE / language / "LC_MESSAGES" / "messages.po"
    if language not in LANGUAGES or not path.is_file():
        raise ConfigurationError(f"there is no catalogue for the language {language}")
    with path.open("rb") as source:
        catalogue = read_po(source, locale=language, abort_invalid=True)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def choose(*wishes: str | None, site: str) -> str:
    """Return the first wish that is a language of ours (the person's, then the cookie's), else the site's."""
    return next((wish for wish in wishes if wish in LANGUAGES), site)
