"""Everything that can be wrong with content, catalogues, flows and settings, found before a person meets it.

Each finding names its file and line and says what to do. An *error* keeps the service from starting; a *gap* fails
``plainline check`` and so a release, while the service goes on and withholds what is not ready; a *note* is for
somebody to know.
"""

from __future__ import annotations

import json
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import polib
import regex
from babel.messages.catalog import Message
from babel.messages.pofile import read_po
from translate.filters import checks
from translate.storage.pypo import pounit

from service.app import create_book
from service.book import SOURCE, Book
from service.book.articles import Article, ArticleError
from service.book.glossary import Term, load_glossary
from service.book.helplines import HelplinesError
from service.book.keywords import COMMANDS, HELP, START, STOP, all_keywords, is_unspaced, plain
from service.book.languages import DOMAIN, Language, LanguagesError, catalogue_path, describe, safety_path
from service.book.pages import PageTooSmallError
from service.book.recordings import RecordingsError, manifest
from service.book.safety import RESERVED, SILENT, SafetyError, Sense
from service.book.segments import segments
from service.channels import spoken
from service.channels.sms import NOTICE_SEGMENTS
from service.channels.templates import TemplatesError, load_templates
from service.conversation import KEYWORD, Channel, Event, Kind, Known, Session, Target, Text
from service.cost import costs
from service.engine import DANGERS, check_screens, go
from service.flows import calling, home, leaving, people
from service.flows.home import first_sight
from service.flows.notices import review_notice
from service.flows.scene import Scene
from service.messages import own_headers, template, updated, written
from service.recording import missing
from service.settings import ROOT, Settings, SettingsError
from service.store import UNASKED

HARDEST_GRADE = 8.0
"""School years; plain words for somebody who is tired or frightened."""

LONGEST_PARAGRAPH = 320
"""Characters; about 25 seconds when it is read aloud."""

FEWEST_PATTERNS = {Sense.SUICIDE: 15, Sense.EMERGENCY: 15, Sense.HALF: 3, Sense.LEAVING: 15, Sense.LOSS: 3}

NEUTRAL = (
    home.GREETING,
    home.WELCOME_BACK,
    calling.HELLO_CALL,
    spoken.TO_GO_ON,
    spoken.STOPPED,
    people.WHAT_THIS_IS,
    *leaving.SENTENCES,
)
"""What is said first, after days, or about leaving: sentences that others may read."""

STALE_HELPLINE = timedelta(days=180)

PLACEHOLDER = regex.compile(r"%\(\w+\)[sd]|\{\w+\}")
DIGITS = regex.compile(r"\d+")
INVISIBLE = regex.compile(r"[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
LIMIT = regex.compile(r"At most (\d+) (?:character|letter)s")
ROOM = 1.4
"""How much longer than the English limit a translation may be."""


class Level(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    GAP = "gap"
    NOTE = "note"


class Finding(NamedTuple):
    """One thing that is wrong: where, what, and what to do about it."""

    level: Level
    path: Path | str
    line: int
    problem: str
    remedy: str

    @property
    def place(self) -> str:
        """The file and line, from the project's folder."""
        path = Path(self.path)
        shown = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
        return f"{shown}:{self.line}" if self.line else str(shown)


def at_start(settings: Settings) -> tuple[Book | None, list[Finding]]:
    """The book to serve, and what would meet a person if it were served; quick enough for every start."""
    try:
        book = create_book(settings)
    except (ArticleError, LanguagesError, HelplinesError, RecordingsError, SettingsError) as error:
        return None, [_refused(error)]
    findings = [Finding(Level.ERROR, "settings", 0, problem, "see docs/settings.md") for problem in settings.problems()]
    try:
        book.opened()
    except SafetyError as error:
        return None, [Finding(Level.ERROR, settings.locales, 0, str(error), "see docs/translating.md")]
    findings += [*_screens(), *_prompts(book, settings.locales), *_keywords(book, settings.locales), *_program(book)]
    findings += [*_listening(book, settings.locales), *_unasked(book, settings.locales)]
    findings += _voices(book, settings.locales)
    return book, findings


def everything(settings: Settings) -> list[Finding]:
    """All findings, the gravest first."""
    book, findings = at_start(settings)
    if book is None:
        return findings
    for article in book.articles:
        findings += [*_readability(article), *_paragraphs(article)]
    findings += _template(settings)
    glossary = load_glossary(settings.locales)
    for code in describe(settings.locales):
        findings += _catalogue(settings, code, glossary)
    if not any(finding.level is Level.ERROR for finding in findings):
        findings += _pages(book, settings.locales)
    findings += [*_helplines(book, settings.content), *_reviews(book, settings.locales)]
    findings += [*_recordings(book, settings.content), *_templates(settings)]
    order = list(Level)
    return sorted(findings, key=lambda finding: (order.index(finding.level), str(finding.path), finding.line))


def _refused(error: Exception) -> Finding:
    if isinstance(error, ArticleError):
        return Finding(Level.ERROR, error.path, error.line, error.problem, "see docs/content.md")
    return Finding(Level.ERROR, "settings" if isinstance(error, SettingsError) else "", 0, str(error), "mend it")


def _templates(settings: Settings) -> Iterator[Finding]:
    """WhatsApp's templates: each of a kind that is sent unasked, in a language that there is."""
    path = settings.content / "templates.toml"
    try:
        templates = load_templates(settings.content)
    except TemplatesError as error:
        yield Finding(Level.ERROR, path, 0, str(error), "mend it, or take it out")
        return
    described = describe(settings.locales)
    for kind, code, _ in templates.by_kind:
        if kind not in {str(each) for each in UNASKED} or code not in described:
            problem = f"[{kind}] {code} is nothing that is sent"
            yield Finding(Level.ERROR, path, 0, problem, "see the head of that file for what there is")


def _screens() -> Iterator[Finding]:
    try:
        check_screens()
    except LookupError as error:
        yield Finding(Level.ERROR, ROOT / "service/engine/rules.py", 0, str(error), "name a screen that exists")


def _prompts(book: Book, locales: Path) -> Iterator[Finding]:
    """Every sentence that is not an article's must be there in every language that is served."""
    template_path = locales / f"{DOMAIN}.pot"
    if not template_path.exists():
        yield Finding(Level.ERROR, template_path, 0, "the template is missing", "run 'make messages'")
        return
    with template_path.open("rb") as file:
        pot = read_po(file)
    contexts = {article.slug for article in book.articles} | set(book.sections)
    for language in book.languages.values():
        missing = [text for text in map(_as_text, pot) if _is_prompt(text, contexts) and not language.has(text)]
        for text in missing:
            where = catalogue_path(locales, language.code)
            yield Finding(
                Level.ERROR,
                where,
                _line_of(where, text),
                f"not translated: {text.msgid!r}",
                f"translate it, or leave {language.code} out of LANGUAGES",
            )


def _as_text(message: Message) -> Text:
    singular, plural = message.id if isinstance(message.id, tuple) else (message.id, "")
    return Text(str(singular), message.context or "", plural=plural, count=2)


def _is_prompt(text: Text, contexts: set[str]) -> bool:
    return bool(text.msgid) and text.context not in contexts and text.context != KEYWORD


def _line_of(path: Path, text: Text) -> int:
    return _lines(path, path.stat().st_mtime_ns).get((text.context, text.msgid), 0) if path.exists() else 0


@lru_cache(maxsize=64)
def _lines(path: Path, _: int) -> dict[tuple[str, str], int]:
    """Where each entry of a catalogue stands; read once while the file does not change."""
    return {(entry.msgctxt or "", entry.msgid): entry.linenum or 0 for entry in polib.pofile(str(path))}


def _keywords(book: Book, locales: Path) -> Iterator[Finding]:
    """Words that mean two things, that Twilio keeps for itself, or that are missing."""
    meanings: dict[tuple[str, str], dict[Target, Text | str]] = defaultdict(dict)
    for phrase, match, _ in all_keywords(book.languages, book.articles):
        meanings[match.language, phrase][match.target] = match.label
    for (code, phrase), targets in meanings.items():
        path = catalogue_path(locales, code)
        if not phrase:
            label = next(iter(targets.values()))
            line = _line_of_keyword(path, label)
            yield Finding(Level.ERROR, path, line, f"a variant of {_named(label)} has no letter", "remove it")
        elif len(targets) > 1 and not _of_several_articles(targets):
            both = " and ".join(sorted(_named(label) for label in targets.values()))
            line = _line_of_keyword(path, next(iter(targets.values())))
            yield Finding(Level.ERROR, path, line, f"{phrase!r} means both {both}", "give it to one of them")
        if phrase in RESERVED and not {target.screen for target in targets} <= {"stop", "start", "help", "yes"}:
            label = next(iter(targets.values()))
            line = _line_of_keyword(path, label)
            yield Finding(Level.ERROR, path, line, f"the carrier keeps {phrase!r} for itself", "choose another word")
    for language in book.languages.values():
        yield from _missing_keywords(book, language, catalogue_path(locales, language.code))


def _missing_keywords(book: Book, language: Language, path: Path) -> Iterator[Finding]:
    places = [article.keyword for article in book.articles]
    places += [section.keyword for section in book.sections.values()]
    for keyword in (*COMMANDS, *places):
        if not language.variants(keyword):
            level = Level.ERROR if keyword in COMMANDS else Level.GAP
            line = _line_of(path, keyword)
            yield Finding(
                level, path, line, f"no word leads to {keyword.msgid}", "list what people text, separated by |"
            )
    for keyword, carriers in ((STOP, "stop"), (START, "start"), (HELP, "help")):
        if carriers not in map(plain, language.variants(keyword)):
            line = _line_of(path, keyword)
            yield Finding(Level.ERROR, path, line, f"{carriers.upper()} is missing", "the carriers know it: add it")


def _of_several_articles(targets: Iterable[Target]) -> bool:
    """Sections of different articles may share a word: the one that somebody is in counts, else they are asked."""
    articles = [target.subject.partition("/")[0] for target in targets if target.screen in {"reading", "contents"}]
    return len(set(articles)) == len(list(targets))


def _named(label: Text | str) -> str:
    return repr(label.msgid if isinstance(label, Text) else label)


def _line_of_keyword(path: Path, label: Text | str) -> int:
    return _line_of(path, label) if isinstance(label, Text) else 0


def _listening(book: Book, locales: Path) -> Iterator[Finding]:
    """Every language must listen for danger and leaving, and take none of its own keywords for either."""
    for language in book.languages.values():
        path = safety_path(locales, language.code)
        for sense, fewest in FEWEST_PATTERNS.items():
            if (count := len(language.safety.get(sense, {}).get("patterns", ()))) < fewest:
                problem = f"[{sense}] has {count} patterns: {fewest} at least"
                yield Finding(Level.ERROR, path, 0, problem, "list how people say it, see docs/translating.md")
        if unknown := language.safety.keys() - set(Sense):
            yield Finding(Level.ERROR, path, 0, f"nobody knows the table {min(unknown)!r}", f"use {', '.join(Sense)}")
        for phrase in language.safety.get(Sense.HARMLESS, {}).get("samples", ()):
            if alarms := {heard.sense for heard in book.safety.hear(phrase, [language.code])} - SILENT:
                yield Finding(Level.ERROR, path, 0, f"{phrase!r} is taken for {min(alarms)}", "narrow that pattern")
    for phrase, match, _ in all_keywords(book.languages, book.articles):
        alarms = {heard.sense for heard in book.safety.hear(phrase, ())} & set(DANGERS)
        if alarms:
            path = catalogue_path(locales, match.language)
            problem = f"{phrase!r}, a word for {_named(match.label)}, is taken for {min(alarms)}"
            yield Finding(
                Level.ERROR, path, 0, problem, f"narrow the pattern in {safety_path(locales, match.language)}"
            )


def _unasked(book: Book, locales: Path) -> Iterator[Finding]:
    """What may stand on a shared screen though nobody asked just now must not tell what this is about."""
    for language in book.languages.values():
        named = [word for article in book.articles for word in map(plain, language.variants(article.keyword))]
        for sentence in NEUTRAL:
            said = f" {plain(language.say(sentence))} " if language.has(sentence) else ""
            for word in named:
                if f" {word} " in said or (is_unspaced(word) and word in said):
                    path = catalogue_path(locales, language.code)
                    problem = f"{sentence.msgid!r} names {word!r}, and is seen by others"
                    yield Finding(Level.ERROR, path, _line_of(path, sentence), problem, "say it without the illness")


def _program(book: Book) -> Iterator[Finding]:
    """The name that stands on a shared screen must not tell what it is about."""
    named = f" {plain(book.program)} "
    for language in book.languages.values():
        for article in book.articles:
            for word in language.variants(article.keyword):
                if f" {plain(word)} " in named:
                    problem = f"PROGRAM is {book.program!r}, which tells of {word!r}: a shared phone would show it"
                    yield Finding(Level.ERROR, "settings", 0, problem, "choose a neutral name")
                    return


def _readability(article: Article) -> Iterator[Finding]:
    import textstat  # noqa: PLC0415  takes a second; only where it is used

    for section in article.sections:
        words = " ".join(paragraph.text.msgid for paragraph in section.paragraphs)
        grade = max(textstat.automated_readability_index(words), textstat.coleman_liau_index(words))
        if grade > HARDEST_GRADE:
            problem = f"{section.path} reads at school grade {grade:.1f}, above {HARDEST_GRADE:.0f}"
            yield Finding(Level.GAP, article.path, section.line, problem, "use shorter words and sentences")


def _paragraphs(article: Article) -> Iterator[Finding]:
    for section in article.sections:
        for paragraph in section.paragraphs:
            if (length := len(paragraph.text.msgid)) > LONGEST_PARAGRAPH:
                problem = f"a paragraph of {length} characters is too long to be heard at once"
                yield Finding(
                    Level.GAP, article.path, paragraph.line, problem, f"split it: {LONGEST_PARAGRAPH} at most"
                )


def _template(settings: Settings) -> Iterator[Finding]:
    """The template must be what extraction makes of the sources today, and every catalogue must follow it."""
    made = template(ROOT / "service", settings.content)
    pot = settings.locales / f"{DOMAIN}.pot"
    if not pot.exists() or written(made) != pot.read_bytes():
        yield Finding(Level.GAP, pot, 0, "the template is not up to date", "run 'make messages'")
    for code, about in describe(settings.locales).items():
        path = catalogue_path(settings.locales, code)
        if (
            not path.exists()
            or written(updated(settings.locales, code, about["locale"], made), own_headers(path)) != path.read_bytes()
        ):
            yield Finding(Level.GAP, path, 0, "the catalogue does not follow the template", "run 'make messages'")


def _catalogue(settings: Settings, code: str, glossary: Sequence[Term]) -> Iterator[Finding]:
    path = catalogue_path(settings.locales, code)
    if not path.exists():
        return
    for entry in polib.pofile(str(path)):
        if not entry.obsolete and code != SOURCE:
            yield from _entry(path, entry)
            yield from _terms(path, entry, code, glossary)


def _entry(path: Path, entry: polib.POEntry) -> Iterator[Finding]:
    what = repr(entry.msgid if len(entry.msgid) <= 60 else entry.msgid[:57] + "...")
    forms = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
    if entry.fuzzy:
        yield Finding(
            Level.GAP, path, entry.linenum or 0, f"fuzzy: {what}", "compare with the English, then remove 'fuzzy'"
        )
        return
    if not all(forms):
        yield Finding(Level.GAP, path, entry.linenum or 0, f"missing: {what}", "translate it")
        return
    if entry.msgctxt == KEYWORD:
        return
    for form in forms:
        for problem in (*_lost(entry, form), *_odd(entry, form)):
            yield Finding(Level.GAP, path, entry.linenum or 0, f"{problem}: {what}", "mend the translation")


def _terms(path: Path, entry: polib.POEntry, code: str, glossary: Sequence[Term]) -> Iterator[Finding]:
    """Terms that a translation of an article says in other words than its glossary."""
    if "/" not in (entry.msgctxt or "") or entry.fuzzy or not entry.msgstr:
        return
    for term in glossary:
        if term.is_called_for(entry.msgid) and not term.is_used(entry.msgstr, code):
            expected = " / ".join(term.forms.get(code, ("nothing yet",)))
            problem = f"{term.name!r} is {expected} in the glossary, and not in {entry.msgid[:40]!r}..."
            yield Finding(Level.GAP, path, entry.linenum or 0, problem, "use the term, or mend the glossary")


SPELLED = {"two": "2", "eleven": "11", "twelve": "12"}
"""Numbers that the original spells and a translation may write in digits."""


def _lost(entry: polib.POEntry, form: str) -> Iterator[str]:
    """Placeholders and numbers that a translation has lost or made up."""
    wanted, found = (set(PLACEHOLDER.findall(said)) for said in (entry.msgid_plural or entry.msgid, form))
    missing = wanted - found - ({"%(count)s"} if entry.msgid_plural else set())
    if missing or found - wanted:
        yield f"placeholder {', '.join(sorted(missing or found - wanted))} {'lost' if missing else 'made up'}"
    spelled = {digits for word, digits in SPELLED.items() if word in entry.msgid.split()}
    written = [each for each in DIGITS.findall(form) if each not in spelled]
    if not entry.msgid_plural and sorted(DIGITS.findall(entry.msgid)) != sorted(written):
        yield "a number was changed"


def _odd(entry: polib.POEntry, form: str) -> Iterator[str]:
    """What makes a text dearer or odder than it need be."""
    if INVISIBLE.search(form):
        yield "invisible control character"
    if not unicodedata.is_normalized("NFC", form):
        yield "letters and accents apart (not NFC), which cost twice"
    limit = LIMIT.search(entry.comment.replace("\n", " "))
    if limit and len(form) > int(limit[1]) * ROOM:
        yield f"{len(form)} characters, more than {int(int(limit[1]) * ROOM)}"
    unit = pounit(entry.msgid)
    unit.target = form
    failures = checks.StandardChecker(limitfilters=["endwhitespace", "startwhitespace"]).run_filters(unit)
    yield from (str(why) for why in failures.values())


def _pages(book: Book, locales: Path) -> Iterator[Finding]:
    """Every section must fit into pages near the lower bound, every menu and notice into its limits."""
    try:
        for cost in costs(book):
            path = catalogue_path(locales, cost.language)
            if not cost.is_near_bound:
                problem = f"{cost.section} takes {cost.segments} segments, the lower bound is {cost.bound}"
                yield Finding(Level.GAP, path, 0, problem, "write shorter sentences, which are easier to pack")
    except PageTooSmallError as error:
        yield Finding(Level.ERROR, "settings", 0, str(error), "see docs/settings.md")
    for language in book.languages.values():
        scene = Scene(book, Known(Session(language=language.code)), Event("", Channel.SMS, "", Kind.WORDS, ""), 0)
        yield from _short_enough(scene, catalogue_path(locales, language.code))
        for name in ("home", "languages"):
            if not go(scene, Target(name)).reply.options:
                problem = f"the screen {name!r} is empty in {language.code}"
                yield Finding(Level.ERROR, catalogue_path(locales, language.code), 0, problem, "translate titles")


def _short_enough(scene: Scene, path: Path) -> Iterator[Finding]:
    for notice in (*first_sight(scene), *review_notice(scene)):
        for sentence in notice:
            said = scene.measure.form(scene.say(sentence))
            if segments(said) > NOTICE_SEGMENTS:
                problem = f"{said!r} takes {segments(said)} segments"
                yield Finding(Level.GAP, path, 0, problem, f"shorten it to {NOTICE_SEGMENTS}")


def _helplines(book: Book, content: Path) -> Iterator[Finding]:
    """Lines that nobody has called, and those whose page was read long ago, a note for each country."""
    path = content / "helplines.toml"
    for country, lines in book.helplines.by_country.items():
        if uncalled := ", ".join(line.name for line in lines if not line.verified):
            yield Finding(Level.NOTE, path, 0, f"nobody has called {uncalled} ({country})", "call, then set verified")
        for line in lines:
            if line.read and date.today() - line.read > STALE_HELPLINE:  # noqa: DTZ011  a day more or less is no matter
                problem = f"{line.name} ({country}) was read on {line.read}"
                yield Finding(Level.NOTE, path, 0, problem, "read its page again")


def _voices(book: Book, locales: Path) -> Iterator[Finding]:
    """A voice must be one of the carrier's, and speak its language; a recogniser likewise."""
    known = json.loads(files("service.book").joinpath("voices.json").read_text("utf-8"))
    path = locales / "languages.toml"
    for language in book.languages.values():
        speaks, hears = language.speaks, language.hears
        voices = known["google_voices_by_locale"].get(speaks, ())
        if language.voice and (speaks not in known["say_languages"] or language.voice not in voices):
            problem = f"[{language.code}] the voice {language.voice} does not speak {speaks or 'anything'}"
            yield Finding(Level.ERROR, path, 0, problem, "choose one from service/book/voices.json")
        if hears and hears not in known["gather_languages"]:
            problem = f"[{language.code}] no recogniser hears {hears}"
            yield Finding(Level.ERROR, path, 0, problem, "choose one from service/book/voices.json, or leave it out")
    if not any(language.can_speak for language in book.languages.values()):
        yield Finding(Level.NOTE, path, 0, "no language can be heard on a call", "name a voice, or record one")


def _recordings(book: Book, content: Path) -> Iterator[Finding]:
    """What a language without a voice says must be recorded, word by word; a stand-in is no person's voice."""
    for code, said in missing(book):
        problem = f"not recorded: {said[:60]!r}"
        yield Finding(Level.GAP, manifest(content, code), 0, problem, f"run 'plainline record {code}', or record it")
    for language in book.languages.values():
        path = manifest(content, language.code)
        recorded = language.recordings
        gone = [each.file for each in recorded.by_text.values() if not (path.parent / each.file).exists()]
        if gone:
            yield Finding(Level.GAP, path, 0, f"{gone[0]} is missing", f"run 'plainline record {language.code}'")
        if recorded.by_text and not language.voice and not recorded.by_people:
            problem = f"{language.name} is spoken by a machine on calls"
            yield Finding(Level.NOTE, path, 0, problem, "have a person record it, see docs/recording.md")


def _reviews(book: Book, locales: Path) -> Iterator[Finding]:
    for language in book.languages.values():
        if not language.review:
            path = catalogue_path(locales, language.code)
            problem = f"no clinician has reviewed {language.name} (revision {language.revision})"
            yield Finding(Level.NOTE, path, 0, problem, "have it reviewed; until then people are told so")
        if not language.safety_review:
            path = safety_path(locales, language.code)
            problem = f"no clinician has reviewed what is listened for in {language.name} ({language.safety_revision})"
            yield Finding(Level.NOTE, path, 0, problem, "have it reviewed, then 'plainline review --safety'")
