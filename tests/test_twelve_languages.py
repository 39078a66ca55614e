"""Twelve languages: every word leads where it should, every page says its translation, every guess is a fair one."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import regex

from service.book import Book
from service.book.guessing import guess
from service.book.keywords import HELP, STOP, all_keywords, plain
from service.book.pages import BREAK, excerpt
from service.book.segments import segments
from service.conversation import Channel, Event, Kind, Known, Session, Target
from service.cost import costs
from service.flows import reading
from service.flows.scene import Scene
from tests.dialogue import GROUPS, Dialogue

CODES = ["en", "es", "zh_Hans", "vi", "fil", "ko", "ar", "ru", "fr", "ht", "pt_BR", "hi"]

# Where each language is the likeliest one, for words that several languages share.
HOME = {
    **{"en": "US", "es": "MX", "zh_Hans": "CN", "vi": "VN", "fil": "PH", "ko": "KR"},
    **{"ar": "EG", "ru": "RU", "fr": "FR", "ht": "HT", "pt_BR": "BR", "hi": "IN"},
}

MOVES = {"more", "back"}

OUTCOMES = {
    **{"help": "help", "person": "person", "stop": "stopped", "start": "started", "languages": "languages"},
    **{"forget": "asked to forget", "thanks": "thanked", "call me": "cannot call"},
    **{"join": "join", "group": "in no group", "leave": "paused", "share": "shared", "daily": "daily"},
    **dict.fromkeys(("post", "say", "report", "name"), "in no group"),
    **{"post undo": "nothing to undo", "pause": "no daily", "more now": "no daily"},
}


def test_the_languages_are_the_twelve(book: Book) -> None:
    assert list(book.languages) == CODES
    assert book.languages["zh_Hans"].name == "简体中文"


@pytest.mark.parametrize("code", CODES)
def test_every_keyword_of_a_strangers_first_text_leads_where_it_should(book: Book, code: str) -> None:
    for phrase, match, _ in all_keywords(book.languages, book.articles):
        if match.language != code or match.target.screen in {"yes", "no"}:
            continue
        dialogue = Dialogue(book, country=HOME[code])
        dialogue.says(phrase)
        session, where = dialogue.known.session, match.target
        sharing = {each.language for each in book.keywords.exact(phrase)}
        likeliest = next(each.code for each in book.likeliest(HOME[code]) if each.code in sharing)
        assert session.language == (where.subject if where.screen == "language" else likeliest), phrase
        if where.screen == "reading":
            assert session.place is not None, phrase
            assert session.place.section == where.subject, phrase
        elif where.screen in OUTCOMES:
            assert dialogue.outcomes == [OUTCOMES[where.screen]], phrase
        elif where.screen not in MOVES:
            assert dialogue.outcomes == ["contents"], phrase


@pytest.mark.parametrize("code", CODES)
def test_within_a_conversation_every_keyword_leads_where_it_should(book: Book, code: str) -> None:
    for phrase, match, _ in all_keywords(book.languages, book.articles):
        if match.language == code and match.target.screen == "reading":
            dialogue = Dialogue(book, known=Known(Session(language=code)))
            dialogue.says(phrase)
            assert dialogue.known.session.place is not None, phrase
            assert dialogue.known.session.place.section == match.target.subject, phrase


def _mistyped(word: str, chance: random.Random) -> str:
    """``word`` with one slip: two letters swapped, one left out, doubled, or another one."""
    place = chance.randrange(len(word) - 1)
    others = [letter for letter in word if letter.isalpha()]
    return {
        0: word[:place] + word[place + 1] + word[place] + word[place + 2 :],
        1: word[:place] + word[place + 1 :],
        2: word[:place] + word[place] + word[place:],
        3: word[:place] + chance.choice(others) + word[place + 1 :],
    }[chance.randrange(4)]


@pytest.mark.parametrize("code", CODES)
def test_two_hundred_typos_are_answered_rightly_or_with_a_question(book: Book, code: str) -> None:
    chance = random.Random(code)
    words = [
        (phrase, match.target)
        for phrase, match, _ in all_keywords(book.languages, book.articles)
        if match.language == code and match.target.screen == "reading" and len(phrase) >= 4 and " " not in phrase
    ] or [
        (phrase, match.target)
        for phrase, match, _ in all_keywords(book.languages, book.articles)
        if match.language == code and match.target.screen == "reading" and len(phrase) >= 2
    ]
    asked = 0
    for _ in range(200):
        word, target = chance.choice(words)
        typed = _mistyped(word, chance)
        dialogue = Dialogue(book, known=Known(Session(language=code)))
        dialogue.says(typed)
        session = dialogue.known.session
        meant = {match.target for match in book.keywords.exact(typed)} or {target}
        inside = {match.target for match in book.keywords.within(typed)}
        if dialogue.outcomes == ["page"]:
            assert session.place is not None
            assert Target("reading", session.place.section) in meant | inside, (word, typed)
        asked += dialogue.outcomes[0] in {"suggested", "page"}
    assert asked > 100


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("code", CODES)
def test_the_pages_of_every_section_rejoined_are_its_translation(book: Book, code: str, channel: Channel) -> None:
    language = book.languages[code]
    scene = Scene(book, Known(Session(language=code)), Event("", channel, "", Kind.WORDS, ""), 0)
    form = book.measure(channel, language).form
    for section in book.sections.values():
        paragraphs = [language.say(paragraph.text) for paragraph in section.paragraphs]
        title, first = reading.opened(scene, section)
        pages = reading.pages_of(scene, section)
        assert pages[0] == first
        assert title.count == (len(pages) if channel.is_read else book.minutes(section, language))
        said = [form(excerpt(paragraphs, page.start, page.end)) for page in pages]
        assert regex.sub(r"\s", "", "".join(said)) == regex.sub(r"\s", "", form(BREAK.join(paragraphs)))
        assert [page.end for page in pages[:-1]] == [page.start for page in pages[1:]]


@pytest.mark.parametrize("code", CODES)
def test_what_is_heard_at_once_takes_half_a_minute_and_ends_with_a_sentence(book: Book, code: str) -> None:
    language = book.languages[code]
    scene = Scene(book, Known(Session(language=code)), Event("", Channel.VOICE, "", Kind.WORDS, ""), 0)
    for section in book.sections.values():
        paragraphs = [language.say(paragraph.text) for paragraph in section.paragraphs]
        for page in reading.pages_of(scene, section):
            said = excerpt(paragraphs, page.start, page.end)
            assert len(said) <= 30 * language.letters_a_second
            assert said.endswith((".", "。", "।", "؟", "?")), said


def test_every_section_is_within_a_tenth_of_the_lower_bound_or_one_segment(book: Book) -> None:
    far = [(cost.language, cost.section, cost.segments, cost.bound) for cost in costs(book) if not cost.is_near_bound]
    assert far == []
    assert all(cost.segments >= cost.bound for cost in costs(book))


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("안녕하세요 저는", "ko"),
        ("что это значит", "ru"),
        ("що це означає, її", ""),
        ("ما هذا", "ar"),
        ("این چیست", ""),
        ("یہ کیا ہے", ""),
        ("这是什么", "zh_Hans"),
        ("これは何ですか", ""),
        ("यह क्या है", "hi"),
        ("สวัสดีค่ะ", ""),
        ("j'ai très peur de tout ça", "fr"),
        ("tôi rất lo lắng cho mẹ", "vi"),
        ("kote kansè a ale", "ht"),
        ("gusto ko pong malaman kung saan", "fil"),
        ("eu quero saber o que é isso", "pt_BR"),
        ("ich habe eine frage zu meiner krankheit", ""),
    ],
)
def test_the_language_of_a_text_is_guessed(book: Book, said: str, code: str) -> None:
    guessed = guess(said, book.languages)
    assert guessed is not None
    assert guessed.code == code


@pytest.mark.parametrize("said", ["", "12", "❤️", "Maria", "asdf"])
def test_what_tells_no_language_is_not_guessed(book: Book, said: str) -> None:
    assert guess(said, book.languages) is None


def test_somebody_without_a_language_is_asked_in_two_segments_the_likeliest_first(book: Book) -> None:
    from service.book.segments import segments

    for country, first in {"US": "English", "HT": "Kreyòl", "BR": "Português", "KR": "한국어", "IN": "हिन्दी"}.items():
        dialogue = Dialogue(book, country=country)
        pages = [dialogue.says("qqqq")[-1], *(dialogue.says("MORE")[-1] for _ in range(2))]
        assert f"1 {first}\n" in pages[0]
        assert max(map(segments, pages)) <= 2
        assert all(language.name in "".join(pages) for language in book.languages.values())


def test_a_word_that_two_languages_share_goes_to_the_country_and_then_to_the_person(book: Book) -> None:
    assert {match.language for match in book.keywords.exact("menu")} >= {"en", "es", "fr", "pt_BR"}
    for code in ("fr", "pt_BR", "en"):
        stranger = Dialogue(book, country=HOME[code])
        stranger.says("menu")
        assert stranger.known.session.language == code
    reader = Dialogue(book, country="FR", known=Known(Session(language="es")))
    reader.says("menu")
    assert reader.known.session.language == "es"


def test_arabic_lines_begin_with_arabic_and_hold_nothing_invisible(book: Book) -> None:
    dialogue = Dialogue(book, country="EG")
    said = [
        line
        for body in ("مرحبا", "1", "المزيد", "مساعدة", "zzzzz")
        for text in dialogue.says(body)
        for line in text.split("\n")
    ]
    starts = [line for line in said if line and not regex.match(r"\p{Arabic}|\d+ \p{Arabic}", line)]
    assert starts == []
    assert not any(regex.search(r"[\u200b-\u200f\u202a-\u202e\u2066-\u2069]", line) for line in said)
    for code in ("MORE", "MENU", "BACK", "HELP", "STOP"):
        printed = book.languages["ar"].variants(next(k for k in _commands() if k.msgid == code))[0]
        assert regex.fullmatch(r"[\p{Arabic} ]+", printed), printed


def _commands() -> list:
    from service.book.keywords import COMMANDS

    return list(COMMANDS)


@pytest.mark.parametrize("code", CODES)
def test_a_translation_is_read_with_the_notice_that_nobody_checked_it_and_the_way_to_the_original(
    book: Book, code: str
) -> None:
    dialogue = Dialogue(book, country=HOME[code], known=Known(Session(language=code, told=("hello",))))
    notices = " ".join(dialogue.says("1") if dialogue.says("MENU") else [])
    assert ("ENGLISH" in notices) == (code != "en")
    assert len(dialogue.says("2")) == 1


def test_plain_forms_of_a_language_never_collide(book: Book) -> None:
    meanings: dict[tuple[str, str], set[Target]] = {}
    for phrase, match, _ in all_keywords(book.languages, book.articles):
        meanings.setdefault((match.language, plain(phrase)), set()).add(match.target)
    assert [key for key, targets in meanings.items() if len(targets) > 1] == []


@pytest.mark.parametrize("code", CODES)
def test_what_is_handed_on_is_short_and_names_the_number_the_word_and_other_languages(book: Book, code: str) -> None:
    there = replace(book, number="+15558675310").opened()
    dialogue = Dialogue(there, country=HOME[code])
    dialogue.known = dialogue.known._replace(session=Session(language=code))
    _, invitation = dialogue.says("SHARE")
    assert segments(invitation) <= 2
    assert "+15558675310" in invitation
    name = book.languages[code].name.upper()
    assert plain(name) in plain(invitation)
    others = [each.name for each in book.languages.values() if each.code != code and each.name in invitation]
    assert others, invitation
    reader = Dialogue(there, country=HOME[code])
    reader.says(book.languages[code].name)
    assert reader.known.session.language == code


@pytest.mark.parametrize("code", CODES)
def test_the_question_before_joining_says_all_that_the_law_wants_in_four_segments(book: Book, code: str) -> None:
    dialogue = Dialogue(book, country=HOME[code])
    dialogue.known = dialogue.known._replace(session=Session(language=code), groups=GROUPS)
    (asked,) = dialogue.says("JOIN HOPE")
    assert segments(asked) <= 4
    stop, help_ = (book.languages[code].variants(word)[0].lstrip("=") for word in (STOP, HELP))
    texted = plain(asked)
    assert all(plain(each) in texted for each in ("Hope Circle", "4", "18", "1", stop, help_))
    (welcome,) = [said for said in dialogue.says("1") if "Hope Circle" in said][:1]
    assert all(plain(each) in plain(welcome) for each in ("Hope Circle", "4", stop))
    assert dialogue.known.subscriptions.member("HOPE")
