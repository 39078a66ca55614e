"""The series: one part a day at an hour of one's own, pausing it, the next part at once; and what the clock leads to.

Nobody is sent anything for ever: after eleven silent months people are asked, after twelve it ends.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

import regex
from babel.core import get_global

from service.book.articles import Article
from service.book.keywords import DAILY, HELP, MENU, MORE_NOW, PAUSE, STOP
from service.conversation import Change, Effect, Moment, OptIn, Place, Reply, Send, Target, Text, Turn, text, text_n
from service.flows import reading
from service.flows.calling import as_texts
from service.flows.notices import review_notice
from service.flows.reading import MENU_HELPS
from service.flows.scene import Scene, Screen
from service.subscriptions import (
    ASKED_AFTER,
    DAY,
    FIRST_HOUR,
    LAST_HOUR,
    OVER_AFTER,
    Series,
    next_at,
)

# Translators: asked of somebody who wants one part a day. At most 90 characters.
WHAT_TIME = text("What time is it where you are? Text it like this: 9:30 or 21:30.")
# Translators: the answer to a text that is no time of the day. At most 60 characters.
NO_TIME = text("That is no time of the day.")
# Translators: asked behind the question above. At most 90 characters.
AT_WHAT_HOUR = text("At what hour should your part of the day come? Text a number from 9 to 19.")
# Translators: the daily parts are on; when is a day and an hour, the others are words to text. At most 160 characters.
BEGINS = text(
    "Your first part comes %(when)s. %(more_now)s: the next part at once. %(pause)s: pause. %(stop)s: end all texts.",
    more_now=MORE_NOW,
    pause=PAUSE,
    stop=STOP,
)
# Translators: at the end of each daily part. At most 70 characters.
DAILY_HINT = text("%(more_now)s: the next part at once. %(pause)s: pause.", more_now=MORE_NOW, pause=PAUSE)
# Translators: the daily parts are paused. At most 70 characters.
PAUSED = text("Your daily parts are paused. Text %(daily)s to go on.", daily=DAILY)
# Translators: the daily parts go on; when is a day and an hour. At most 70 characters.
GOES_ON = text("Your daily parts go on. The next comes %(when)s.")
# Translators: somebody pauses what they never began. At most 80 characters.
NO_DAILY = text("You get no daily parts. Text %(daily)s to begin.", daily=DAILY)
# Translators: the last text of the series. At most 160 characters.
THE_LAST = text("That was the last part. Thank you for reading. If it changes, may we tell you once? Reply 1 for yes.")
# Translators: the answer to 1 above. At most 60 characters.
WILL_TELL = text("If it changes, we tell you once.")
# Translators: what somebody read to its end has a new revision. At most 100 characters.
CHANGED = text("What you read with us has changed since. Text %(menu)s to read it anew.", menu=MENU)
# Translators: asked of somebody who has not written for eleven months. At most 130 characters.
STILL_WANTED = text(
    "You have not written for eleven months. To go on getting our texts, reply 1. Else they end in a month."
)
# Translators: sent to somebody who has not written for twelve months. At most 110 characters.
LAPSED = text("You have not written for a year, so our texts to you end here. Goodbye, and all the best.")
# Translators: the answer to 1 above. At most 40 characters.
GLAD = text("Good. We go on.")

_CLOCK = regex.compile(
    r"(?:^|\s)(\d{1,2})(?:\s?[:.h点點]\s?|時|시\s?)(\d{2})?(?:分|분)?\s?([ap])?\.?m?\.?(?:\s|$)", regex.I
)
_BARE = regex.compile(r"(\d{1,2})\s?([ap])\.?m\.?", regex.I)

CLOCKS_ARE_WRONG = 25 * 60
"""Seconds by which somebody's clock, and their answer, may be off."""

TOO_LATE = 3 * 60 * 60
"""Seconds after its hour at which a part of the day waits for the next day."""

A_WHILE = 60 * 60


def daily(scene: Scene, _: str) -> Turn:
    """They want one part a day, or go on with it: first, what time it is where they are."""
    series = scene.known.subscriptions.series
    if series:
        when = Moment(next_at(series.hour, scene.known.subscriptions.zone, scene.now), scene.known.subscriptions.zone)
        effects = (Change("daily again"),)
        return Turn(scene.session, Reply(opening=(GOES_ON.saying(when=when),), hint=(DAILY_HINT,)), effects, "daily on")
    here = scene.but(screen="daily time", subject="", page=0, choices=())
    return here.turn(Reply(opening=(WHAT_TIME,)), "daily")


def told_the_time(scene: Scene, said: str) -> Turn:
    """The time where they are sets the zone."""
    clock = read_clock(said)
    if clock is None:
        return scene.turn(Reply(opening=(NO_TIME, WHAT_TIME)), "no time")
    here = scene.but(screen="daily hour", subject=zone_at(clock, scene.now, scene.event.country), page=0, choices=())
    return here.turn(Reply(opening=(AT_WHAT_HOUR,)), "daily hour")


def told_the_hour(scene: Scene, hour: int) -> Turn:
    """The hour; then all that the law wants said, and a confirmation."""
    if not FIRST_HOUR <= hour <= LAST_HOUR:
        return scene.turn(Reply(opening=(AT_WHAT_HOUR,)), "daily hour")
    about = f"{hour} {scene.session.subject}"
    asked = scene.but(choices=(Target("daily now", about), Target("home")), screen="", subject="")
    return asked.turn(Reply(opening=(_asked(scene, f"{hour}:00"),)), "asked for daily")


def _asked(scene: Scene, hour: str) -> Text:
    # Translators: the question before somebody gets one part a day; the law wants every part of it. hour is an hour of
    # the day, count how many days it takes. At most 280 characters.
    return text_n(
        "%(program)s: one part a day at %(hour)s, for %(count)s day? Message and data rates may apply. Adults 18+. "
        "Reply 1 to begin, %(help)s for help, %(stop)s to end.",
        "%(program)s: one part a day at %(hour)s, for %(count)s days? Message and data rates may apply. Adults 18+. "
        "Reply 1 to begin, %(help)s for help, %(stop)s to end.",
        len(parts(scene, article(scene))),
        program=scene.book.program,
        hour=hour,
        help=HELP,
        stop=STOP,
    )


def daily_now(scene: Scene, about: str) -> Turn:
    """They have confirmed."""
    hour, zone = about.split()
    when = Moment(next_at(int(hour), zone, scene.now), zone)
    again = (OptIn(),) if scene.known.person.left else ()
    effects = (*again, Change("daily", (hour, zone, article(scene).slug)))
    return Turn(scene.session, Reply(opening=(BEGINS.saying(when=when),)), effects, "daily on")


def article(scene: Scene) -> Article:
    """The article of the series: the one they are in, else the first."""
    slug = scene.session.place.section.partition("/")[0] if scene.session.place else ""
    return scene.book.by_slug.get(slug, scene.book.articles[0])


def parts(scene: Scene, of: Article) -> list[str]:
    """The sections of an article that are whole in their language, in order."""
    return [each.path for each in of.sections if scene.book.is_whole(each, scene.language)]


def pause(scene: Scene, _: str) -> Turn:
    """No part a day until they want to go on."""
    if scene.known.subscriptions.series is None:
        return scene.turn(Reply(opening=(NO_DAILY,), hint=(MENU_HELPS,)), "no daily")
    return Turn(scene.session, Reply(opening=(PAUSED,)), (Change("daily paused"),), "daily paused")


def more_now(scene: Scene, _: str) -> Turn:
    """The next part at once; the one after it comes at the usual hour."""
    series = scene.known.subscriptions.series
    if series is None:
        return scene.turn(Reply(opening=(NO_DAILY,), hint=(MENU_HELPS,)), "no daily")
    part = _next(scene, series)
    if not part:
        return _over(scene)
    turn = reading.read(scene, part)
    return turn._replace(effects=(Change("part", (str(series.part + 1),)),), outcome="page")


def _next(scene: Scene, series: Series) -> str:
    known = scene.book.by_slug.get(series.article)
    every = parts(scene, known) if known else []
    return every[series.part] if series.part < len(every) else ""


def _over(scene: Scene) -> Turn:
    """Nothing is left: the last message, as the answer to whoever asked for more."""
    asked = scene.but(choices=(Target("tell me"), Target("home")))
    return Turn(asked.session, Reply(opening=(THE_LAST,)), (Change("daily over"),), "daily over")


def tell_me(scene: Scene, _: str) -> Turn:
    """They want to hear of a new revision, once."""
    effects = (Change("awaits", (article(scene).revision,)),)
    return Turn(scene.session, Reply(opening=(WILL_TELL,), hint=(MENU_HELPS,)), effects, "will tell")


def go_on(scene: Scene, _: str) -> Turn:
    """They want our texts still; that they wrote is all it takes."""
    return scene.turn(Reply(opening=(GLAD,), hint=(MENU_HELPS,)), "goes on")


def due(scene: Scene) -> Turn:
    """The clock: what is to be sent to somebody who did nothing just now. Nothing is said on the spot."""
    subscriptions, session = scene.known.subscriptions, scene.session
    silent = scene.now // DAY - subscriptions.heard
    if subscriptions.is_empty or scene.known.person.left:
        return Turn(session, Reply(), outcome="nothing due")
    if silent >= OVER_AFTER and subscriptions.asked:
        return Turn(session, Reply(), (_sent(scene, "lapsed", LAPSED), Change("lapsed")), "lapsed")
    if silent >= ASKED_AFTER and not subscriptions.asked:
        return _asks(scene, Target("go on"), Target("stop"), _sent(scene, "still", STILL_WANTED), Change("asked"))
    if subscriptions.finished and subscriptions.finished not in {each.revision for each in scene.book.articles}:
        return Turn(session, Reply(), (_sent(scene, "news", CHANGED), Change("told")), "told of news")
    series = subscriptions.series
    if series and not series.paused and series.due <= scene.now:
        return _part_is_due(scene, series)
    return Turn(session, Reply(), outcome="nothing due")


def _sent(scene: Scene, about: str, *sentences: Text) -> Send:
    return Send((Reply(opening=sentences),), f"{about} {scene.now // DAY}", kind="news")


def _part_is_due(scene: Scene, series: Series) -> Turn:
    if scene.now - series.due > TOO_LATE:  # nobody was there to send it
        return Turn(scene.session, Reply(), (Change("daily again"),), "too late today")
    part = _next(scene, series)
    if not part:
        question = _sent(scene, "last", THE_LAST)
        return _asks(scene, Target("tell me"), Target("home"), question, Change("daily over"))
    pages = as_texts(scene, part)
    last = pages[-1]._replace(hint=(DAILY_HINT,))
    unreviewed, told = _review(scene)
    effects: tuple[Effect, ...] = (
        Send((*unreviewed, *pages[:-1], last), f"part {series.article} {series.part}", kind="series"),
        Change("part", (str(series.part + 1),)),
    )
    section = scene.book.sections[part]
    place = Place(part, scene.book.article_of(part).revision)
    there = _at_rest(scene, screen="reading", subject="", page=0, place=place, unread=(len(section.paragraphs), 0))
    return Turn(there.but(told=told).session, Reply(), effects, "part of the day")


def _review(scene: Scene) -> tuple[tuple[Reply, ...], tuple[str, ...]]:
    """That no clinician has checked these words, for whoever was not told yet, and what they are told of then."""
    code, told = scene.language.code, scene.session.told
    due = () if code in told else tuple(Reply(opening=notice) for notice in review_notice(scene))
    return due, (*told, code) if due else told


def _asks(scene: Scene, yes: Target, no: Target, question: Send, change: Change) -> Turn:
    """A question that comes unasked takes the place of an open one: a "1" must answer what was read last.

    Whoever is in danger, or wrote a moment ago, is asked tomorrow.
    """
    session = scene.session
    if session.screen == "danger" or scene.now - session.seen * A_WHILE < 2 * A_WHILE:
        effects = (Change("daily again"),) if scene.known.subscriptions.series else ()
        return Turn(session, Reply(), effects, "asked tomorrow")
    return Turn(scene.but(choices=(yes, no)).session, Reply(), (question, change), "asked")


def _at_rest(scene: Scene, **changes: object) -> Scene:
    """The scene with a session that has changed, unless somebody is in the middle of something."""
    session = scene.session
    busy = session.choices or session.screen == "danger" or scene.now - session.seen * A_WHILE < 2 * A_WHILE
    return scene if busy else scene.but(**changes)


def read_clock(said: str) -> tuple[int, ...] | None:
    """The minutes of the day that a text may mean: one, or two where it does not say which half of the day."""
    written = plain_digits(said)
    if found := _BARE.fullmatch(written.strip()):
        hour, minute, half = int(found[1]), 0, found[2].lower()
    elif found := _CLOCK.search(written):
        hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").lower()
    else:
        return None
    if hour > 23 or minute > 59 or (half and not 1 <= hour <= 12):
        return None
    if half:
        return ((hour % 12 + (12 if half == "p" else 0)) * 60 + minute,)
    return tuple(each * 60 + minute for each in ((hour, hour % 12 + 12) if hour <= 12 else (hour,)) if each < 24)


def plain_digits(said: str) -> str:
    """Digits of every script as 0 to 9, and the colons of every width."""
    return "".join(str(int(each)) if each.isdecimal() else each for each in said).replace("：", ":")


def zone_at(clock: tuple[int, ...], now: int, country: str) -> str:
    """The time zone where it is that time now: one of the country if one fits, else any."""
    told = [_off(minutes, now) for minutes in clock]
    for zones in (_zones(country), _zones("")):
        near = [(min(abs(_offset(zone, now) - each) for each in told), zone) for zone in zones]
        if near and min(near)[0] <= CLOCKS_ARE_WRONG:
            return min(near)[1]
    return "UTC"


def _off(minutes: int, now: int) -> int:
    """The offset from UTC (seconds) of where it is that minute of the day."""
    return (minutes * 60 - now % DAY + DAY // 2) % DAY - DAY // 2


def _offset(zone: str, now: int) -> int:
    offset = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(zone)).utcoffset() or timedelta()
    return int(offset.total_seconds())


@lru_cache(maxsize=256)
def _zones(country: str) -> tuple[str, ...]:
    """The time zones of a country, of all countries for an empty one (CLDR)."""
    every = sorted(get_global("zone_territories").items())
    return tuple(zone for zone, territory in every if country in {territory, ""} and zone in available_timezones())


SCREENS = (
    Screen("daily", daily),
    Screen("daily time", told_the_time),
    Screen("daily hour", lambda scene, said: told_the_hour(scene, int(said or 0))),
    Screen("daily now", daily_now),
    Screen("pause", pause),
    Screen("more now", more_now),
    Screen("tell me", tell_me),
    Screen("go on", go_on),
)
