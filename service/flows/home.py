"""Home: the first sight, the list of articles, and the parts of an article."""

from __future__ import annotations

from functools import lru_cache

from service.book import Book
from service.book.keywords import HELP, LANGUAGE, MENU, MORE
from service.book.languages import Language
from service.conversation import Option, Reply, Target, Text, Turn, text
from service.flows.reading import part_options, read_at, read_on
from service.flows.scene import Scene, Screen, place_in

# Translators: the very first words that somebody reads; program is the service's name. At most 90 characters.
GREETING = text("Hello from %(program)s. This service is automatic: nobody reads your texts.")
# Translators: follows at once. At most 60 characters.
RATES = text("Your phone plan's text rates may apply.")
# Translators: follows a sentence that says what the article is about. At most 60 characters.
OWN_PACE = text("Read only what you want.")
# Translators: above the list of an article's parts. At most 70 characters.
WHICH_PART = text("Which part would you like? Reply with its number.")
# Translators: above the list of articles. At most 70 characters.
WHICH_ARTICLE = text("What would you like to read about? Reply with a number.")
# Translators: below a list. At most 70 characters.
COMMANDS = text("Or text %(help)s or %(language)s.", help=HELP, language=LANGUAGE)
# Translators: below a list that is longer than one text. At most 70 characters.
LONGER = text("Text %(more)s for more choices.", more=MORE)
# Translators: below the parts of an article, where there are several articles. At most 60 characters.
ALL_ARTICLES = text("Or text %(menu)s for all articles.", menu=MENU)
# Translators: asked of somebody who comes back after days. It must not say what they read. At most 60 characters.
WELCOME_BACK = text("Welcome back. Would you like to go on where you were?")
# Translators: a choice below the line above. At most 30 characters.
GO_ON = text("Yes, go on")
# Translators: a choice below the line above. At most 30 characters.
START_ANEW = text("No, show me the menu")

AWAY = 48
"""Hours after which somebody who greets us is asked whether to go on."""


def first_sight(scene: Scene) -> tuple[tuple[Text, ...], ...]:
    """What everybody is told once, at the very first: what this is, and that they read only what they want."""
    only = scene.book.articles[0] if len(scene.book.articles) == 1 else None
    about = (only.about,) if only and scene.language.has(only.about) else ()
    return ((GREETING.saying(program=scene.program), RATES, *about, OWN_PACE),)


def hello(scene: Scene, _: str) -> Turn:
    """A greeting: the menu, or, after days away in the middle of something, the question whether to go on."""
    away = scene.now // 3600 - scene.session.seen >= AWAY
    if not (away and place_in(scene.book, scene.session.place)):
        return home(scene, "")
    options = (Option(GO_ON, Target("resume")), Option(START_ANEW, Target("home")))
    asked = scene.but(choices=tuple(option.target for option in options))
    return asked.turn(Reply(opening=(WELCOME_BACK,), options=options), "welcome back")


UNHEARD = "unheard"
"""Of a place: the call ended while it was read aloud."""


def resume(scene: Scene, how: str) -> Turn:
    """Go on where one was: the first page that was not read yet, or the part that was not heard to its end."""
    place = place_in(scene.book, scene.session.place)
    if place and how == UNHEARD:
        return read_at(scene, f"{place.paragraph} {place.offset}")
    target = read_on(scene)
    return read_at(scene, target.subject) if target.screen == "page" else home(scene, "")


def home(scene: Scene, page: str) -> Turn:
    """The list of articles; with one article only, its parts."""
    if len(scene.book.articles) == 1:
        return contents(scene, scene.book.articles[0].slug)
    here = scene.but(screen="home", subject="", page=int(page or 0))
    return here.turn(here.fit((WHICH_ARTICLE,), articles(here), (COMMANDS,), (LONGER,)), "home")


def contents(scene: Scene, subject: str) -> Turn:
    """The parts of an article; ``subject`` is its slug, and the choice to begin at on a later page."""
    slug, _, page = subject.partition(" ")
    if slug not in scene.book.by_slug:
        return home(scene, "")
    here = scene.but(screen="contents", subject=slug, page=int(page or 0))
    hint = COMMANDS if len(scene.book.articles) == 1 else ALL_ARTICLES
    return here.turn(here.fit((WHICH_PART,), parts(here), (hint,), (LONGER,)), "contents")


def articles(scene: Scene) -> tuple[Option, ...]:
    """Every article whose title this language has."""
    return _article_options(scene.book, scene.language)


@lru_cache(maxsize=64)
def _article_options(book: Book, language: Language) -> tuple[Option, ...]:
    return tuple(
        Option(article.title, Target("contents", article.slug))
        for article in book.articles
        if language.has(article.title)
    )


def parts(scene: Scene) -> tuple[Option, ...]:
    """The parts of the article that the screen is about."""
    return part_options(scene, scene.session.subject)


def more_articles(scene: Scene) -> Target:
    """MORE on the list of articles: its next page, and after the last one the first again."""
    return Target("home", str(next_page(scene, articles(scene), (WHICH_ARTICLE,), (COMMANDS,))))


def more_parts(scene: Scene) -> Target:
    """MORE on the parts of an article: their next page; where all are shown, the first part itself."""
    slug = scene.session.subject
    hint = COMMANDS if len(scene.book.articles) == 1 else ALL_ARTICLES
    start = next_page(scene, parts(scene), (WHICH_PART,), (hint,))
    if start == scene.session.page and parts(scene):
        return parts(scene)[0].target
    return Target("contents", f"{slug} {start}")


def next_page(scene: Scene, options: tuple[Option, ...], opening: tuple[Text, ...], hint: tuple[Text, ...]) -> int:
    """The first choice of the page after this one, or of the first page after the last."""
    shown = scene.fit(opening, options, hint, (LONGER,))
    after = shown.first - 1 + len(shown.options)
    return after if after < len(options) else 0


def back_home(scene: Scene) -> Target:
    """BACK on a menu: to the page one was reading, if any."""
    place = place_in(scene.book, scene.session.place)
    return Target("page", f"{place.paragraph} {place.offset}") if place else Target("home")


SCREENS = (
    Screen("hello", hello),
    Screen("resume", resume),
    Screen("home", home, options=articles, more=more_articles, back=back_home),
    Screen("contents", contents, options=parts, more=more_parts, back=lambda _: Target("home")),
)
