"""The engine: laws that hold for any text in any state, and what transcripts cannot show."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from service.book import Book
from service.book.segments import segments
from service.channels.sms import Texts
from service.channels.voice import Voice
from service.conversation import (
    Allowance,
    Channel,
    Event,
    Kind,
    Known,
    OptOut,
    Person,
    Place,
    Session,
    Target,
)
from service.engine import SCREENS, check_screens, take_turn
from service.store.codec import decode_session, encode_session
from tests.dialogue import Dialogue
from tests.telephone import validate

WORDS = [
    *["hi", "RIESGOS", "MORE", "mas", "back", "MENU", "1", "2", "9", "0", "LANGUAGE", "HELP", "STOP", "START", "fear"],
    *["simptoms", "español", "english", "zzzz", "what are the symptoms?", "", "٣", "²", "Liked “x”", "a" * 1600],
    *["\x00", "💚", "person", "hola", "breast cancer", "\ud800", "= = =", "%(more)s", "{published}"],
]

texts = st.one_of(st.sampled_from(WORDS), st.text(max_size=40))
events = st.builds(
    Event,
    id=st.just("SM1"),
    channel=st.sampled_from(Channel),
    contact=st.just("c"),
    kind=st.sampled_from(Kind),
    body=texts,
    country=st.sampled_from(["US", "MX", "", "XX"]),
)


@given(st.lists(events, max_size=12), st.sampled_from(Allowance))
def test_whatever_comes_in_gets_a_valid_answer_within_its_limits(
    book: Book, arriving: list[Event], allowance: Allowance
) -> None:
    known, texter, voice = Known(allowance=allowance), Texts(book), Voice(book, "https://plainline.example")
    for number, event in enumerate(arriving):
        turn = take_turn(book, known, event, 1_800_000_000 + number * 86_400)
        code = book.spoken(turn.session.language, event.country, event.channel).code
        if event.channel is Channel.VOICE:
            validate(voice.render(turn.reply, code, "https://plainline.example/voice/1?s=abc"))
        for message in texter.render(turn.reply, code, event.channel) if event.channel.is_read else ():
            assert message.strip()
            assert len(message) <= 1600
            if event.channel is Channel.SMS:
                assert segments(message) <= book.max_segments
        assert turn.session.screen in {"", *SCREENS}
        assert decode_session(encode_session(turn.session)) == turn.session
        known = Known(turn.session, allowance=allowance)


@given(events)
def test_a_decision_depends_on_nothing_but_what_it_is_given(book: Book, event: Event) -> None:
    assert take_turn(book, Known(), event, 1) == take_turn(book, Known(), event, 1)


@given(st.lists(texts, max_size=8), st.sampled_from(["STOP", "stop.", "Unsubscribe", "alto", "STOPALL"]))
def test_stop_is_honoured_in_every_state_and_past_every_limit(book: Book, before: list[str], word: str) -> None:
    dialogue = Dialogue(book)
    for body in before:
        dialogue.says(body)
    for allowance in Allowance:
        known = dialogue.known._replace(allowance=allowance)
        turn = take_turn(book, known, Event("", Channel.SMS, "c", Kind.WORDS, word, "US"), 1)
        assert OptOut() in turn.effects
        assert turn.reply.opening


@given(st.lists(texts, max_size=8))
def test_menu_leads_home_from_anywhere_once_there_is_a_language(book: Book, before: list[str]) -> None:
    dialogue = Dialogue(book)
    for body in ["hi", *before]:
        dialogue.says(body)
    dialogue.says("MENU")
    assert dialogue.outcomes[-1] == "contents"


def test_a_changed_article_goes_on_at_the_start_of_the_paragraph(book: Book) -> None:
    place = Place("breast-cancer-metastasis/risks", "older", 1, 30)
    session = Session(language="en", screen="reading", place=place, unread=(1, 60), told=("hello", "en"))
    dialogue = Dialogue(book, known=Known(session))
    assert dialogue.says("MORE")[0].startswith("This has changed care.")


def test_a_place_in_a_section_that_is_gone_leads_home(book: Book) -> None:
    place = Place("breast-cancer-metastasis/gone", "older", 1, 30)
    session = Session(language="en", screen="reading", place=place, choices=(Target("reading", "gone/gone"),))
    for body in ("MORE", "BACK", "hi"):
        dialogue = Dialogue(book, known=Known(session))
        assert "Which part would you like?" in dialogue.says(body)[-1], body


def test_a_language_that_is_no_longer_served_is_asked_for_again(book: Book) -> None:
    dialogue = Dialogue(book, known=Known(Session(language="tlh", screen="reading")))
    dialogue.says("qapla batlh")
    assert dialogue.outcomes == ["languages"]


def test_texting_again_after_leaving_is_answered_and_not_taken_for_consent(book: Book) -> None:
    dialogue = Dialogue(book, known=Known(Session(language="en"), Person(left=5)))
    assert "Symptoms" in dialogue.says("SYMPTOMS")[-1]
    dialogue.says("yes")
    assert dialogue.known.person.left == 5


def test_every_command_leads_to_a_screen_that_exists() -> None:
    check_screens()


def test_no_text_of_sixteen_hundred_characters_takes_long_to_understand(book: Book) -> None:
    noise = " ".join(f"word{number}" for number in range(230))[:1600]
    dialogue = Dialogue(book, known=Known(Session(language="en", told=("hello", "en"))))
    assert dialogue.says(noise) == dialogue.says("x" * 1600)
