"""Reading: a section page by page, on to the next section, and back."""

from __future__ import annotations

from functools import lru_cache

from service.book import Book
from service.book.articles import Section
from service.book.keywords import MENU, MORE, STOP
from service.book.languages import SOURCE, Language
from service.book.pages import Layout, Page
from service.conversation import Option, Passage, Place, Reply, Target, Text, Turn, text, text_n
from service.flows.scene import Scene, Screen, place_in

# Translators: below a page that goes on. At most 60 characters.
GO_ON = text("Text %(more)s to read on, %(menu)s for all parts.", more=MORE, menu=MENU)
# Translators: below the last page of a section; title is the next section's. At most 90 characters.
NEXT = text("Text %(more)s for the next part: %(title)s. %(menu)s for all parts.", more=MORE, menu=MENU)
# Translators: below the last page of the last section. At most 60 characters.
LAST = text("This is the end. Text %(menu)s for all parts.", menu=MENU)
# Translators: said when somebody asks to read on, and nothing is left. At most 60 characters.
NO_MORE = text("You have read to the end.")
# Translators: a section whose translation is missing or out of date. At most 100 characters.
WITHHELD = text("We are sorry: this part is not ready in your language yet.")
# Translators: the choice to read it in the original language instead; language is its own name. At most 60 characters.
READ_ORIGINAL = text("Read it in %(language)s")
# Translators: follows when there is nothing to choose from. At most 60 characters.
MENU_HELPS = text("Text %(menu)s for all parts.", menu=MENU)
# Translators: below a question. At most 60 characters.
OR_MENU = text("Or text %(menu)s for all parts.", menu=MENU)


# Translators: at the end of a text that comes unasked. At most 40 characters.
END_ALL = text("%(stop)s: end all texts.", stop=STOP)


def read(scene: Scene, path: str) -> Turn:
    """The first page of a section; of a section that is not whole in this language, an offer of the original."""
    section = scene.book.sections.get(path)
    if section is None:
        return finish(scene)
    if not scene.book.is_whole(section, scene.language):
        return withhold(scene, section)
    title, page = opened(scene, section)
    return _show(scene, section, page, (title,))


def read_at(scene: Scene, start: str) -> Turn:
    """The page that begins at ``start`` ("paragraph offset") of the section one is in."""
    place = place_in(scene.book, scene.session.place)
    if place is None:
        return finish(scene)
    section = scene.book.sections[place.section]
    paragraph, offset = map(int, start.split())
    if (paragraph, offset) == (0, 0) or not scene.book.is_whole(section, scene.language):
        return read(scene, section.path)
    if paragraph < len(section.paragraphs):
        return _read_from(scene, section, (paragraph, offset))
    following = scene.book.following(section.path)
    return read(scene, following.path) if following else finish(scene)


def _read_from(scene: Scene, section: Section, start: tuple[int, int]) -> Turn:
    """The page that begins at ``start``; what is heard begins where its parts do, and never inside a sentence."""
    if scene.event.channel.is_read:
        return _show(scene, section, layout_of(scene, section).page(start), ())
    page = max((each for each in pages_of(scene, section) if each.start <= start), key=lambda each: each.start)
    return read(scene, section.path) if page.start == (0, 0) else _show(scene, section, page, ())


def finish(scene: Scene) -> Turn:
    """Nothing is left to read."""
    return scene.turn(Reply(opening=(NO_MORE,), hint=(MENU_HELPS,)), "end")


def withhold(scene: Scene, section: Section) -> Turn:
    """Say that a section is not ready in this language, and offer the original."""
    original = scene.book.languages.get(SOURCE)
    options: tuple[Option, ...] = ()
    if original and original is not scene.language:
        to_original = Target("reading", section.path, SOURCE)
        options = (Option(READ_ORIGINAL.saying(language=original.name), to_original),)
    choices = tuple(option.target for option in options)
    return scene.but(choices=choices).turn(Reply(opening=(WITHHELD,), options=options, hint=(OR_MENU,)), "withheld")


def read_on(scene: Scene) -> Target:
    """MORE: the page after this one, else the next section."""
    place = place_in(scene.book, scene.session.place)
    if place is None:
        return Target("home")
    paragraph, offset = scene.session.unread
    if place != scene.session.place:  # the article has changed since
        paragraph, offset = place.paragraph, 0
    return Target("page", f"{paragraph} {offset}")


def read_back(scene: Scene) -> Target:
    """BACK: the page before this one; before the first one, the parts of the article."""
    place = place_in(scene.book, scene.session.place)
    if place is None:
        return Target("home")
    section = scene.book.sections[place.section]
    here = place.paragraph, place.offset
    if here == (0, 0) or not scene.book.is_whole(section, scene.language):
        return Target("contents", place.section.partition("/")[0])
    paragraph, offset = max(page.start for page in pages_of(scene, section) if page.start < here)
    return Target("page", f"{paragraph} {offset}")


def parts(scene: Scene) -> tuple[Option, ...]:
    """While reading, a number still chooses a part of the article."""
    place = scene.session.place
    return part_options(scene, place.section.partition("/")[0]) if place else ()


def part_options(scene: Scene, slug: str) -> tuple[Option, ...]:
    """The sections of an article whose title this language has, as choices."""
    return _part_options(scene.book, scene.language, slug)


@lru_cache(maxsize=4096)
def _part_options(book: Book, language: Language, slug: str) -> tuple[Option, ...]:
    article = book.by_slug.get(slug)
    return tuple(
        Option(section.title, Target("reading", section.path))
        for section in (article.sections if article else ())
        if language.has(section.title)
    )


def opening(section: Section, count: int) -> Text:
    """What stands on top of a section: its title, and how many texts it is long."""
    # Translators: a section's title, and how many texts it is long. At most 45 characters with the title.
    return text_n("%(title)s (1 text)", "%(title)s (%(count)s texts)", count, title=section.title)


def heard(section: Section, minutes: int) -> Text:
    """What is said before a section: its title, and how long it is."""
    # Translators: spoken before a part: its title, and how long it takes to hear. At most 10 words.
    return text_n("%(title)s. About one minute.", "%(title)s. About %(count)s minutes.", minutes, title=section.title)


def opened(scene: Scene, section: Section) -> tuple[Text, Page]:
    """What stands on top of a section, and its first page."""
    layout = layout_of(scene, section)
    if scene.event.channel.is_read:
        count, page = _opened(layout, scene.language, section)
        return opening(section, count), page
    title = heard(section, scene.book.minutes(section, scene.language))
    return title, layout.page(opening=scene.say(title))


def pages_of(scene: Scene, section: Section) -> tuple[Page, ...]:
    """All pages of a section, read from its beginning."""
    title, _ = opened(scene, section)
    return _pages(layout_of(scene, section), scene.say(title))


@lru_cache(maxsize=4096)
def _pages(layout: Layout, opening: str) -> tuple[Page, ...]:
    return tuple(layout.pages(opening))


@lru_cache(maxsize=4096)
def _opened(layout: Layout, language: Language, section: Section) -> tuple[int, Page]:
    return layout.opened(lambda count: language.say(opening(section, count)))


def layout_of(scene: Scene, section: Section) -> Layout:
    """The pages of a section, on this channel and in this language."""
    return scene.book.layout(section, scene.language, scene.event.channel, GO_ON, end_of(scene, section))


def end_of(scene: Scene, section: Section) -> Text:
    """What stands below the last page of a section: the way to the next one, or that this was the last."""
    following = scene.book.following(section.path)
    return NEXT.saying(title=following.title) if following and scene.language.has(following.title) else LAST


def _show(scene: Scene, section: Section, page: Page, above: tuple[Text, ...]) -> Turn:
    place = Place(section.path, scene.book.article_of(section.path).revision, *page.start)
    here = scene.but(screen="reading", subject="", page=0, place=place, unread=page.end)
    return here.turn(reply(scene, section, page, above), "page")


def reply(scene: Scene, section: Section, page: Page, above: tuple[Text, ...]) -> Reply:
    """A page of a section below ``above``, and how to go on from there."""
    hint = end_of(scene, section) if page.last else GO_ON
    passage = Passage(section.path, page.start, page.end)
    return Reply(opening=above, passage=passage, hint=(hint,), goes_on=not page.last)


SCREENS = (
    Screen("reading", read, options=parts, more=read_on, back=read_back),
    Screen("page", read_at),
)
