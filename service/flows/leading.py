"""Leading a group: posting to it with a preview and a PIN, undoing that, and letting a member's words through.

A phone may be lost and a number may be forged, so that neither proves who writes: nothing goes to a group without the
PIN that its leader has in mind.
"""

from __future__ import annotations

from service.book.keywords import MENU, POST, REPORT, STOP, UNDO
from service.book.segments import segments
from service.conversation import (
    Draft,
    DropDraft,
    Effect,
    KeepDraft,
    Moment,
    Post,
    Reply,
    RightPin,
    Text,
    Turn,
    UndoPost,
    WrongPin,
    text,
    text_n,
)
from service.flows.groups import FROM_GROUP, NOT_CHECKED, SAID_BY, known_group, mine
from service.flows.reading import MENU_HELPS
from service.flows.scene import Scene, Screen
from service.groups import Group, is_pin, is_pin_of

# Translators: follows the line above; a leader confirms with a secret number. pin is no word to text: say that number.
# menu is a word to text. At most 100 characters.
PIN_SENDS = text("To send it, text your PIN. To leave it, text %(menu)s.", menu=MENU)
# Translators: a leader has sent a text to their group; undo is a word to text. At most 130 characters.
POSTED = text("It goes out in two minutes; where it is night, in the morning. To stop it, text %(undo)s.", undo=UNDO)
# Translators: a leader has stopped their text in time. At most 50 characters.
UNDONE = text("It was stopped, and went to nobody.")
# Translators: a leader wants to stop a text too late. At most 110 characters.
NOTHING_TO_UNDO = text("There is nothing to stop: within two minutes a text can be stopped, then no more.")
# Translators: a leader has texted a wrong secret number. At most 80 characters.
WRONG = text("That is not your PIN. Nothing was sent. Please try again.")
# Translators: after three wrong secret numbers. At most 110 characters.
NO_MORE_TRIES = text("That was the third wrong PIN. Nothing was sent. Please wait an hour.")
# Translators: a leader wants to send more than their group may; when is a day and an hour. At most 130 characters.
OVER_MONTHLY = text("%(group)s has sent all its texts of this month. The next can go %(when)s.")
# Translators: the group was closed by the people who run the service. At most 70 characters.
FROZEN = text("%(group)s is closed just now. Nothing was sent.")
# Translators: somebody who leads no group wants to write to all. At most 60 characters.
NO_LEADER = text("Only a group's leaders can do this.")
# Translators: how to write to all of a group; post is a word to text. At most 90 characters.
HOW_TO_POST = text("To write to all, text %(post)s and your words.", post=POST)
# Translators: a draft that a leader asks for is gone. At most 50 characters.
NO_DRAFT = text("Those words are not here any more.")

# Translators: asks a leader to let a member's words through; post is a word to text and draft a number that belongs
# behind it. At most 110 characters.
HOW_TO_SEND_ON = text("To send this to the group, text %(post)s %(draft)s. To leave it, do nothing.", post=POST)
# Translators: somebody leads the group no more; number is whom to ask. At most 100 characters.
LEADS_NO_MORE = text("You are no longer a leader of %(group)s. Questions: %(number)s.")
# Translators: somebody is a leader of a group now; post is a word to text. At most 140 characters.
LEADS_NOW = text("You are now a leader of %(group)s. To write to all, text %(post)s and your words.", post=POST)

LONGEST_POST = 400
"""Characters that a leader may send to their group at once."""

DIGITS_OF_A_MARK = 3

PIN_TRIES = 3
"""Wrong PINs in a row after which none is taken for PIN_PAUSE seconds."""

PIN_PAUSE = 60 * 60

UNDO_SECONDS = 120
"""Seconds for which a post can be undone; it goes out a little later (clocks differ)."""


def post(scene: Scene, words: str) -> Turn:
    """A leader's words: shown as they will be read, with what they cost; or a member's, by the mark of their draft."""
    group = next((each for each in scene.known.groups if each.leader(scene.event.contact)), None)
    if group is None:
        return mine(scene, "") if not scene.known.subscriptions.groups else _said(scene, NO_LEADER, "no leader")
    if group.is_closed:
        return _said(scene, FROZEN.saying(group=group.name), "frozen")
    if not words:
        return _said(scene, HOW_TO_POST, "how to post")
    if words.isdecimal() and len(words) == DIGITS_OF_A_MARK:
        proposed = next((each for each in scene.known.drafts if each.id == words), None)
        return preview(scene, proposed) if proposed else _said(scene, NO_DRAFT, "no draft")
    return _drafted(scene, group, words)


def _drafted(scene: Scene, group: Group, words: str) -> Turn:
    """Words of one's own, kept until the PIN comes."""
    if len(words) > LONGEST_POST:
        return _said(scene, _too_long(len(words) - LONGEST_POST), "too long")
    draft = Draft(_mark(scene), group.code, words, at=scene.now)
    turn = preview(scene, draft)
    return turn._replace(effects=(KeepDraft(draft),)) if turn.outcome == "preview" else turn


def _mark(scene: Scene) -> str:
    """A number that names a draft of this leader for a week."""
    taken = {each.id: each.at for each in scene.known.drafts}
    free = (str(number) for number in range(100, 1000) if str(number) not in taken)
    return next(free, None) or min(taken, key=lambda each: taken[each])


def _too_long(over: int) -> Text:
    # Translators: a leader's text is too long; count says by how much. At most 90 characters.
    return text_n(
        "That is %(count)s character too long. Please make it shorter.",
        "That is %(count)s characters too long. Please make it shorter.",
        over,
    )


def preview(scene: Scene, draft: Draft) -> Turn:
    """How it will be read, by how many, at what cost; the PIN sends it."""
    group = known_group(scene, draft.group)
    if group is None or not group.leader(scene.event.contact):
        return _said(scene, NO_LEADER, "no leader")
    later = group.may_send_at(scene.now)
    if later > scene.now:
        when = Moment(later, group.zone)
        return _said(scene, OVER_MONTHLY.saying(group=group.name, when=when), "over the month")
    here = scene.but(screen="pin", subject=draft.id, page=0, choices=())
    language = group.language if group.language in scene.book.languages else scene.language.code
    shown = tuple(each.spoken_in(language) for each in as_posted(group, draft))
    reply = Reply(notices=(shown,), opening=(_cost(scene, group, draft),), hint=(PIN_SENDS, POSTED))
    return here.turn(reply, "preview")


def as_posted(group: Group, draft: Draft) -> tuple[Text, ...]:
    """What its members will read."""
    words = FROM_GROUP.saying(group=group.name, words=draft.words)
    if draft.name:
        words = SAID_BY.saying(name=draft.name, group=group.name, words=draft.words)
    return words, NOT_CHECKED.saying(report=REPORT, stop=STOP)


def proposal(group: Group, draft: Draft, mark: str) -> tuple[Text, ...]:
    """What a leader reads of a member's words."""
    said = SAID_BY.saying(name=draft.name, group=group.name, words=draft.words)
    return said, HOW_TO_SEND_ON.saying(draft=mark)


def delivered(group: Group, people: int, have_it: int, failed: int) -> Text:
    """What became of a post, in one line."""
    # Translators: what became of a text to a group: count is people, delivered how many have it, failed how many could
    # not get it. At most 110 characters.
    return text_n(
        "%(group)s: your text went to %(count)s person. %(delivered)s got it, %(failed)s could not.",
        "%(group)s: your text went to %(count)s people. %(delivered)s got it, %(failed)s could not.",
        people,
        group=group.name,
        delivered=have_it,
        failed=failed,
    )


def _cost(scene: Scene, group: Group, draft: Draft) -> Text:
    there = scene.book.languages.get(group.language, scene.language)
    each = segments(there.between_sentences.join(there.say(sentence) for sentence in as_posted(group, draft)))
    price = f"{each * group.people * scene.book.segment_price:.2f} USD"
    # Translators: what a leader's text to their group will cost; count is people, each the segments of one text, price
    # an amount with its currency. At most 130 characters.
    return text_n(
        "That is how it reads. It goes to %(count)s person, for about %(price)s in all. Segments of each: %(each)s.",
        "That is how it reads. It goes to %(count)s people, for about %(price)s in all. Segments of each: %(each)s.",
        group.people,
        each=each,
        price=price,
    )


def with_a_pin(scene: Scene, said: str) -> Turn:
    """The PIN, or what was texted in its place, behind a preview."""
    draft = next((each for each in scene.known.drafts if each.id == scene.session.subject), None)
    here = scene.but(screen="", subject="")
    if draft is None:
        return _said(here, NO_DRAFT, "no draft")
    group = known_group(scene, draft.group)
    leader = group.leader(scene.event.contact) if group else None
    if group is None or leader is None or group.is_closed:
        return _said(here, FROZEN.saying(group=group.name) if group else NO_LEADER, "frozen")
    if scene.now - scene.known.person.locked < PIN_PAUSE:
        return _said(scene, NO_MORE_TRIES, "locked")
    if not is_pin_of(group, leader, said):
        last = scene.known.person.tries + 1 >= PIN_TRIES
        wrong = scene.turn(Reply(opening=(NO_MORE_TRIES if last else WRONG,)), "wrong pin")
        return wrong._replace(effects=(WrongPin(pauses=last),))
    effects: tuple[Effect, ...] = (RightPin(), Post(draft), DropDraft(draft.id))
    return Turn(here.session, Reply(opening=(POSTED,)), effects, "posted")


def undo(scene: Scene, _: str) -> Turn:
    """The last post is not to be sent, while that can still be done."""
    posted = scene.known.person.posted
    if not posted or scene.now - posted > UNDO_SECONDS:
        return _said(scene, NOTHING_TO_UNDO, "nothing to undo")
    return Turn(scene.session, Reply(opening=(UNDONE,)), (UndoPost(),), "undone")


def _said(scene: Scene, sentence: Text, outcome: str) -> Turn:
    return scene.turn(Reply(opening=(sentence,), hint=(MENU_HELPS,)), outcome)


SCREENS = (
    Screen("post", post),
    Screen("pin", with_a_pin),
    Screen("post undo", undo),
)

__all__ = ["LONGEST_POST", "SCREENS", "UNDO_SECONDS", "as_posted", "is_pin"]
