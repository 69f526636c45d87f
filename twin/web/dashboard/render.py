"""How does a template become a page in the reader's language?"""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path

from fastapi import Request, Response
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from twin.record.signal import signals
from twin.settings import settings
from twin.web.dashboard import ct_findings, ct_measured, ct_words, names, shown, words
from twin.web.dashboard import format as formats
from twin.web.dashboard.panels import Gap, Panel
from twin.web.i18n import HTML_LANG, translate

WEB = Path(__file__).parents[1]
STATIC = WEB / "static"


def render(request: Request, template: str, **context: object) -> Response:
    """Return a page. `context["status"]` is its HTTP status; pages of patients are never kept by a cache."""
    language = getattr(request.state, "language", None) or settings().language
    status = context.get("status", 200)
    shown = {"user": None, "csrf_token": getattr(request.state, "csrf_token", None) or "", "path": request.url.path,
             "now": datetime.now(UTC), **context}  # fmt: skip
    text = environment(language).get_template(template).render(shown)
    return HTMLResponse(text, status if isinstance(status, int) else 200, {"Cache-Control": "no-store"})


@cache
def environment(language: str) -> Environment:
    """Return the templates with everything they may call in one language; all output is escaped."""
    made = Environment(
        loader=FileSystemLoader(WEB / "templates"), autoescape=select_autoescape(default=True),
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.i18n"],
    )  # fmt: skip
    catalogue = translate(language)
    made.install_gettext_translations(catalogue, newstyle=True)  # type: ignore[attr-defined]  # set by the extension
    say = catalogue.gettext
    made.globals.update(
        language=language, html_lang=HTML_LANG[language], asset=asset, words=words, age_of=formats.age,
        organ_label=_label(language),
        named=frozenset(names.SIGNALS) | frozenset(names.SCORES),
        ct_words=ct_words, places_of_findings=ct_findings.PLACES,
        colon="：" if language == "zh_CN" else ": ", canonical_unit=_unit_of_signal, one_day=timedelta(days=1),
        two_weeks=timedelta(days=14), half_year=timedelta(days=180),
    )  # fmt: skip
    made.filters.update(
        number=formats.number,
        percent=formats.percent,
        interval=lambda low_high: formats.percent_interval(*low_high),
        effect=lambda mean_form: formats.effect(*mean_form),
        unit=lambda ucum: formats.unit(ucum, language),
        day=lambda value: formats.day(value, language),
        short_day=lambda value, today: formats.short_day(value, language, today),
        month=lambda value: formats.month(value, language),
        clock=lambda value: formats.clock(formats.moment(value), language),
        symbol=lambda key: names.symbol(key, say),
        called=lambda key: names.name(key, say),
        organ=lambda key: names.organ(key, say),
        say=lambda key, table: words.say(table, key, say),
        why_absent=lambda reason: words.why_absent(reason, say),
        measure=lambda key: ct_words.measure(key, say),
        level=lambda key: ct_words.level(key, say),
        body_part=lambda key: ct_words.organ(key, say),
        finding=lambda key: ct_findings.name(key, say),
        bank_label=lambda label: ct_words.bank_label(label, say),
        with_sd=lambda row: ct_measured.with_sd(row["value"], row.get("sd")),
        difference=ct_measured.difference,
        text_of=lambda text: shown.text_of(text, language),
        translated=say,
        either=lambda texts: texts.get(language) or texts.get("en") or "",
    )
    return made


def _label(language: str) -> Callable[[str, Panel | Gap], str]:
    """Return what names a panel: the organ's own word for a score's output, else the symbol of a signal or score."""
    say = translate(language).gettext

    def label(organ: str, panel: Panel | Gap) -> str:
        if panel.kind == "signal":
            return names.name(panel.key, say)
        return shown.score_label(organ, panel.key, panel.output, language) or names.symbol(panel.key, say)

    return label


def _unit_of_signal(key: str | None) -> str:
    return signals()[key].unit if key is not None and key in signals() else ""


@cache
def asset(name: str) -> str | None:
    """Return the address of a style sheet or bundle, its content's hash in it; None where it was not built."""
    bundled = _manifest().get(name)
    if bundled is not None:
        return f"/static/dist/{bundled}"
    path = STATIC / name
    if not path.is_file():
        return None
    return f"/static/{name}?v={sha256(path.read_bytes()).hexdigest()[:10]}"


@cache
def _manifest() -> Mapping[str, str]:
    path = STATIC / "dist" / "manifest.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
