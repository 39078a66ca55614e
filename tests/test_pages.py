"""Pages are held to their laws: nothing is lost, nothing is too long, nothing costs more than it must.

What a page costs is counted here by smsutil, on the very message that goes out, never by the gauge that laid it out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import chain, combinations, pairwise
from math import inf

import pytest
import regex
import smsutil
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from service.book.pages import BREAK, Layout, Measure, Page, PageTooSmallError, excerpt
from service.book.segments import GSM_7, Encoding, encoding, segments

lawful = settings(derandomize=True, deadline=None, max_examples=40)
"""Laws are tried on the same examples at every run."""

WORDS = {
    "en": "Breast cancer spreads to [other] parts: {bones}, lungs; Dr. Smith says “metastatic” … it’s €50 ~3^2 now!",
    "es": "¿Qué síntomas? El cáncer de mama metastásico, hígado; pulmón — pingüino. ¡Células!",
    "ru": "Рак груди может распространиться на кости, печень и лёгкие. Спросите врача; он скажет: всё!",
    "hi": "स्तन कैंसर तब होता है, जब कोशिकाएँ शरीर के अन्य भागों में फैल जाती हैं। क्षत्रिय ज्ञान?",
    "ar": "سرطان الثدي، ينتشر إلى العظام؛ اسأل طبيبك؟ نعم. الثَّدْيِ",
    "de": "Krankenversicherungskarte Arbeitsunfähigkeitsbescheinigung, Überweisung. Gebührenbefreiung; [Röntgen]",
    "uk": "рентгеноелектрокардіографічний високорозглядаючий, лікар. [шпиталь]; електроенцефалограма",
    "emoji": "👨‍👩‍👧 🇺🇸🇫🇷 👍🏽 1️⃣ ❤️ 🏳️‍🌈 👩‍⚕️ ⚠️ 😀😀 𠮷",
    "long": f"https://example.org/{'metastasis-' * 3}?page={{1}} {'é' * 41} {'क्षत्रि' * 41} {'👨‍👩‍👧' * 41}",
    "th": "มะเร็ง เต้านม น้ำ คือการที่ ผู้ป่วย(ควร) พบแพทย์",
    "zh": "乳腺癌 转移， 扩散到“骨骼”、 肝脏。 请问医生（护士）； 怎么办？",
}
"""Words in the scripts of the world, and words of more than forty graphemes."""

SPACED = tuple(WORDS)[:-2]
"""The scripts that write spaces between words."""

SHORT = tuple(script for script in WORDS if script != "long")

GAPS = (*[" "] * 6, ". ", "  ", "\n", "\u00a0", "", BREAK)
CLOSE = (*[""] * 6, " ", BREAK)
"""What may stand between two words, in scripts that write spaces and in those that do not."""

AROUND = ("", "MORE", "Далее: ДА", "[más…]", "Fin 😀")
"""What may stand above or below a page."""

FULL = ((0, 160, 306, 459), (0, 70, 134, 201))
"""What so many segments hold, in GSM-7 and in UCS-2."""

TEXTS = tuple(Measure(number, max_characters=most) for number in (1, 2, 3) for most in (1600, 1600, 1600, 110))
CHATS = tuple(Measure(None, max_characters=most) for most in (45, 90, 140, 200))
"""WhatsApp counts messages. Its own measure is as long as these are short, and obeys the same laws."""


@dataclass(frozen=True)
class Reading:
    """A section and all that decides about its pages."""

    paragraphs: tuple[str, ...]
    measure: Measure
    language: str = "en"
    more: str = ""
    end: str = ""
    opening: str = ""

    @property
    def text(self) -> str:
        return BREAK.join(self.paragraphs)

    @cached_property
    def layout(self) -> Layout:
        return Layout(self.paragraphs, self.measure, language=self.language, more=self.more, end=self.end)

    @cached_property
    def pages(self) -> list[Page]:
        return list(self.layout.pages(self.opening))

    def has_room(self) -> bool:
        """Whether a word fits beside all else on every page."""
        try:
            return bool(self.pages)
        except PageTooSmallError:
            return False

    def words(self, page: Page) -> str:
        return excerpt(self.paragraphs, page.start, page.end)

    def index(self, place: tuple[int, int]) -> int:
        """Where a (paragraph, offset) lies in the text."""
        paragraph, offset = place
        return sum(len(words) + len(BREAK) for words in self.paragraphs[:paragraph]) + offset

    def stretch(self, page: Page) -> tuple[int, int]:
        """Where the words of a page begin and end in the text."""
        begin = self.index(page.start)
        return begin, begin + len(self.words(page))

    def message(self, words: str, *, first: bool, last: bool) -> str:
        """What goes out: the words, what stands above them and what stands below."""
        above = self.opening + "\n" if first and self.opening else ""
        below = self.end if last else self.more
        return self.measure.form(above + words + (BREAK + below if below else ""))

    def sent(self, page: Page) -> str:
        return self.message(self.words(page), first=page.start == (0, 0), last=page.last)

    def cost(self, message: str) -> int:
        """1 for a WhatsApp message, else its segments, as smsutil counts them.

        Where graphemes are of several characters, of which smsutil knows nothing, we take the figure that
        test_segments.py compares with Twilio's.
        """
        if self.measure.max_segments is None:
            return 1
        simple = len(message) == len(regex.findall(r"\X", message))
        return len(smsutil.split(message).parts) if simple else segments(message)

    def allows(self, message: str) -> bool:
        few = self.measure.max_segments is None or self.cost(message) <= self.measure.max_segments
        return few and len(message) <= self.measure.max_characters

    def paid(self, pages: Sequence[Page]) -> tuple[int, int]:
        """What ``pages`` cost, in segments and in cuts."""
        cuts = {boundary.end: boundary.cut for boundary in self.layout._boundaries}
        return sum(self.cost(self.sent(page)) for page in pages), sum(cuts[self.stretch(page)[1]] for page in pages)

    def best(self, begin: int = 0) -> tuple[int, int] | None:
        """What the best pages from ``begin`` on cost, found by trying every combination of the boundaries there are.

        None where all of them have a page that is too long.
        """
        *inner, last = (boundary for boundary in self.layout._boundaries if boundary.end > begin)
        text = self.text

        @cache
        def cost(start: int, end: int) -> float:
            message = self.message(text[start:end], first=start == 0, last=end == len(text))
            return self.cost(message) if self.allows(message) else inf

        tried: list[tuple[float, int]] = []
        for number in range(len(inner) + 1):
            for chosen in combinations(inner, number):
                starts, cuts = (begin, *(cut.resume for cut in chosen)), (*chosen, last)
                count = sum(cost(start, cut.end) for start, cut in zip(starts, cuts, strict=True))
                tried.append((count, sum(cut.cut for cut in cuts)))
        count, paid = min(tried)
        return None if count == inf else (int(count), paid)


@st.composite
def paragraphs(draw: st.DrawFn, words: range, scripts: Sequence[str], gaps: Sequence[str]) -> tuple[str, ...]:
    """Paragraphs of so many words in all, in one script or in two."""
    chosen = draw(st.lists(st.sampled_from(scripts), min_size=1, max_size=2, unique=True))
    pieces = [
        st.builds(
            str.__add__, st.sampled_from(WORDS[script].split()), st.sampled_from(gaps if script in SPACED else CLOSE)
        )
        for script in chosen
    ]
    text = "".join(draw(st.lists(st.one_of(pieces), min_size=words.start, max_size=words.stop)))
    return tuple(paragraph.strip() for paragraph in text.split(BREAK) if paragraph.strip())


def readings(
    measures: Sequence[Measure],
    words: range = range(6, 20),
    scripts: Sequence[str] = tuple(WORDS),
    gaps: Sequence[str] = GAPS,
) -> st.SearchStrategy[Reading]:
    """Sections with whatever stands above and below their pages, texted with accents or without."""
    around = st.sampled_from(AROUND)
    return st.builds(
        Reading,
        paragraphs(words, scripts, gaps),
        st.builds(replace, st.sampled_from(measures), accents=st.booleans()),
        st.sampled_from(tuple(WORDS)),
        more=around,
        end=around,
        opening=around,
    )


SECTIONS = readings((*TEXTS, *CHATS)).filter(Reading.has_room)


@st.composite
def short_readings(draw: st.DrawFn, measures: Sequence[Measure]) -> Reading:
    """Sections so short that all combinations of cuts can be tried, with so little room that they need pages."""
    reading = draw(readings(measures, range(5, 10), draw(st.sampled_from((SHORT, ("de", "uk"), ("de", "uk"))))))
    assume(4 <= len(reading.layout._boundaries) <= 12)
    limit, form = reading.measure.max_segments, reading.measure.form(reading.text)
    if limit is None:
        room = max(20, len(form) // draw(st.integers(1, 4))) + len(reading.opening) + 12
        return replace(reading, measure=replace(reading.measure, max_characters=room))
    mark = draw(st.sampled_from("xж"))
    full = FULL[not GSM_7.issuperset(form + mark)]
    more, end = (mark * max(0, full[draw(st.integers(1, limit))] - draw(st.integers(24, 90))) for _ in range(2))
    return replace(reading, more=more + reading.more, end=end + reading.end)


@lawful
@given(SECTIONS)
def test_pages_joined_again_are_the_text(reading: Reading) -> None:
    pages = reading.pages
    assert pages[0].start == (0, 0)
    assert pages[-1].end == (len(reading.paragraphs), 0)
    assert all(page.end == following.start for page, following in pairwise(pages))
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
    covered = [reading.text[reading.index(page.start) : reading.index(page.end)] for page in pages]
    assert "".join(covered) == reading.text
    assert [reading.words(page) for page in pages] == [words.strip() for words in covered]


@lawful
@given(SECTIONS)
def test_pages_hold_the_whole_text_in_its_texting_form(reading: Reading) -> None:
    rest = reading.measure.form(reading.text)
    for page in reading.pages:
        words = reading.measure.form(reading.words(page))
        assert words
        rest = rest.lstrip()  # at the cuts white space is lost, and nothing else
        assert rest.startswith(words)
        assert words in reading.sent(page)
        rest = rest.removeprefix(words)
    assert not rest


@lawful
@given(SECTIONS)
def test_no_page_is_longer_than_its_measure(reading: Reading) -> None:
    for page in reading.pages:
        assert reading.allows(reading.sent(page))
        assert reading.measure.fits(reading.sent(page))


@pytest.mark.parametrize(
    ("measure", "full"),
    [
        (Measure(1), "a" * 160),
        (Measure(2), "a" * 151 + "€" + "a" * 153),
        (Measure(3), "я" * 201),
        (Measure(3, max_characters=100), "a" * 100),
        (Measure(None), "я" * 1600),
    ],
)
def test_a_page_that_is_full_fits_and_one_character_more_does_not(measure: Measure, full: str) -> None:
    assert measure.fits(full)
    assert not measure.fits(full + full[0])


@pytest.mark.parametrize("wide", ["{}", "€€€", "😀😀", "👨‍👩‍👧", "क्षत्रि", "e\u0301"])
def test_no_page_is_longer_than_its_measure_where_wide_characters_meet_the_borders_of_segments(wide: str) -> None:
    for shift in range(1, 9):
        reading = Reading(("x" * shift + f" {wide}" * 200,), Measure(3))
        assert all(reading.allows(reading.sent(page)) for page in reading.pages)
        assert list(reading.layout.pages()) == reading.pages


@lawful
@given(SECTIONS, st.sampled_from("xж€"))
def test_a_page_below_an_opening_has_room_for_it_wherever_it_begins(reading: Reading, mark: str) -> None:
    opening = mark * 30
    for page in reading.pages:
        try:
            below = reading.layout.page(page.start, opening)
        except PageTooSmallError:
            continue
        words = f"{opening}\n{reading.words(below)}"
        assert reading.allows(replace(reading, opening="").message(words, first=True, last=below.last))


@pytest.mark.parametrize("measure", [Measure(1, max_characters=40), Measure(None, max_characters=40), Measure(1)])
def test_a_section_that_fits_without_what_stands_below_other_pages_is_one_page(measure: Measure) -> None:
    for more in range(20, 160):
        reading = Reading(("One two three four five six seven eight",), measure, more="x" * more)
        assert len(reading.pages) == 1


def test_a_message_loses_its_accents_only_where_that_saves_it_from_ucs_2() -> None:
    without = Measure(3, accents=False)
    assert without.written("“¿Qué síntomas?”") == '"¿Qué sintomas?"'
    assert without.written("“¿Qué síntomas?” Рак") == '"¿Qué síntomas?" Рак'
    assert Measure(3).written("“¿Qué síntomas?”") == '"¿Qué síntomas?"'
    assert Measure(None, accents=False).written("“¿Qué síntomas?”") == "“¿Qué síntomas?”"


@lawful
@given(SECTIONS)
def test_a_message_that_is_ucs_2_anyway_keeps_its_accents_and_costs_no_more(reading: Reading) -> None:
    for page in reading.pages:
        formed = reading.sent(page)
        spelt = replace(reading, measure=replace(reading.measure, accents=True)).sent(page)
        written = reading.measure.written(spelt)
        assert written == (formed if encoding(formed) is Encoding.GSM_7 else spelt)
        assert reading.allows(written)
        assert reading.cost(written) == reading.cost(formed)


@lawful
@given(SECTIONS)
def test_no_page_begins_or_ends_inside_a_grapheme(reading: Reading) -> None:
    borders = {match.end() for match in regex.finditer(r"\X", reading.text)} | {0}
    for page in reading.pages:
        assert borders.issuperset(reading.stretch(page))


@pytest.mark.parametrize(
    ("text", "most"),
    [("Help‼️ Now", 6), ("左乳，\ufe00右乳", 4), ("one \u0301two three", 10)],
    ids=["sentence", "clause", "word"],
)
def test_no_mark_is_cut_off_from_its_sign(text: str, most: int) -> None:
    reading = Reading((text,), Measure(None, max_characters=most))
    borders = {match.end() for match in regex.finditer(r"\X", text)} | {0}
    assert all(borders.issuperset(reading.stretch(page)) for page in reading.pages)


@lawful
@given(readings((*TEXTS, *CHATS), scripts=SPACED, gaps=(" ", "  ", "\n")).filter(Reading.has_room))
def test_words_are_cut_only_where_they_have_more_than_forty_graphemes(reading: Reading) -> None:
    words = {match.start(): match.group() for match in regex.finditer(r"\S+", reading.text)}
    for page in reading.pages:
        begin = reading.index(page.start)
        cut = words[max(start for start in words if start <= begin)]
        assert begin in words or len(regex.findall(r"\X", cut)) > 40


@settings(lawful, max_examples=100)
@given(short_readings(TEXTS))
def test_no_cuts_make_fewer_segments_and_none_that_make_as_few_are_better(reading: Reading) -> None:
    best = reading.best()
    if best is None:
        with pytest.raises(PageTooSmallError):
            reading.layout.page(opening=reading.opening)
    else:
        assert reading.paid(reading.pages) == best


@lawful
@given(short_readings(CHATS).filter(Reading.has_room))
def test_no_cuts_make_fewer_whatsapp_messages(reading: Reading) -> None:
    pages, best = reading.pages, reading.best()
    assert reading.paid(pages) == best
    assert best is not None
    assert len(pages) == best[0]


@lawful
@given(readings(CHATS).filter(Reading.has_room))
def test_no_two_neighbouring_whatsapp_messages_could_be_one(reading: Reading) -> None:
    for page, following in pairwise(reading.pages):
        both = Page(page.start, following.end, following.last)
        assert not reading.allows(reading.sent(both))


@lawful
@given(short_readings((*TEXTS, *CHATS)).filter(Reading.has_room))
def test_from_each_of_its_pages_the_rest_of_a_section_costs_the_least(reading: Reading) -> None:
    pages = reading.pages
    for position, page in enumerate(pages[1:], 1):
        assert reading.paid(pages[position:]) == reading.best(reading.index(page.start))


@lawful
@given(SECTIONS)
def test_more_goes_on_to_the_very_same_cuts(reading: Reading) -> None:
    pages, again = reading.pages, replace(reading).layout
    for position, page in enumerate(pages[1:], 1):
        assert list(again.pages(start=page.start)) == pages[position:]


@lawful
@given(SECTIONS, st.sampled_from(AROUND))
def test_pages_that_meet_stay_together_whatever_stood_above_the_first(reading: Reading, opening: str) -> None:
    below = replace(reading, opening=opening)
    assume(below.has_room())
    one, other = reading.pages, below.pages
    for position, page in enumerate(one[1:], 1):
        if page.start in {met.start for met in other[1:]}:
            assert other[-len(one[position:]) :] == one[position:]
            break


def test_a_page_ends_early_where_that_saves_a_segment() -> None:
    one, two, three = "а" * 15 + "😀", "б" * 49 + ".", "В" * 30
    reading = Reading((f"{one} {two} {three}",), Measure(2), more="ж" * 50, end="ж" * 50)
    assert [reading.words(page) for page in reading.pages] == [one, f"{two} {three}"]
    assert [reading.cost(reading.sent(page)) for page in reading.pages] == [1, 2]
    full = reading.message(f"{one} {two}", first=True, last=False), reading.message(three, first=False, last=True)
    assert [reading.cost(message) for message in full] == [2, 2]
    assert list(reading.layout.pages()) == reading.pages


@lawful
@given(short_readings((*TEXTS, *CHATS)).filter(Reading.has_room))
def test_a_layout_that_is_asked_again_gives_the_same_pages(reading: Reading) -> None:
    for opening in (reading.opening, "", reading.opening):
        again = replace(reading, opening=opening)
        if again.has_room():
            assert list(reading.layout.pages(opening)) == again.pages


@pytest.mark.parametrize(
    ("paragraphs", "most", "pages"),
    [
        (("One two. Three four.", "Five six."), 24, ["One two. Three four.", "Five six."]),
        (("One, two three. Four five six.",), 26, ["One, two three.", "Four five six."]),
        (("One two three, four five.",), 22, ["One two three,", "four five."]),
        (("One two three four five six",), 15, ["One two three", "four five six"]),
        (("One two. Three four five six.",), 15, ["One two. Three", "four five six."]),
        (("سرطان الثدي، ينتشر إلى العظام",), 24, ["سرطان الثدي،", "ينتشر إلى العظام"]),
        (("乳腺癌转移，扩散到骨骼肝脏",), 9, ["乳腺癌转移，", "扩散到骨骼肝脏"]),
        (("乳腺癌，转移。扩散到骨骼肝脏",), 10, ["乳腺癌，转移。", "扩散到骨骼肝脏"]),
    ],
)
def test_a_page_ends_at_a_paragraph_else_a_sentence_else_a_clause_else_a_word(
    paragraphs: tuple[str, ...], most: int, pages: list[str]
) -> None:
    reading = Reading(paragraphs, Measure(None, max_characters=most))
    assert [reading.words(page) for page in reading.pages] == pages


@pytest.mark.parametrize(
    "text",
    [
        "乳腺癌转移是指癌细胞（坏细胞）扩散到“骨骼”、肝脏。请问医生：《怎么办》？他说：“别怕！”然后走了。",
        "他说“好的，”然后走了；她问：“（真的？）”",
    ],
)
def test_no_chinese_page_begins_with_what_closes_nor_ends_with_what_opens(text: str) -> None:
    for most in range(6, len(text)):
        reading = Reading((text,), Measure(None, max_characters=most), "zh")
        for words in map(reading.words, reading.pages):
            assert not regex.search(r"^[\p{Pe}\p{Pf}\p{Po}]|[\p{Ps}\p{Pi}]$", words)


def test_no_number_and_no_latin_word_is_cut_in_a_text_without_spaces() -> None:
    text = "请每天服用125毫克tamoxifen，" * 5
    for most in range(10, len(text)):
        reading = Reading((text,), Measure(None, max_characters=most), "zh")
        edges = [reading.index(page.start) for page in reading.pages[1:]]
        assert not any(regex.match(r"[0-9a-z]{2}", text, pos=edge - 1) for edge in edges)


def test_a_long_word_stays_whole_where_that_costs_nothing() -> None:
    reading = Reading(("слово " + "ж" * 66,), Measure(1))
    assert [reading.words(page) for page in reading.pages] == ["слово", "ж" * 66]


@pytest.mark.parametrize("text", ["👨‍👩‍👧" * 41, "क्षत्रि" * 41, "e\u0301" * 41, "🇺🇸" * 41])
def test_a_long_word_is_cut_between_its_graphemes(text: str) -> None:
    reading = Reading((text,), Measure(1))
    pages = [regex.findall(r"\X", reading.words(page)) for page in reading.pages]
    assert len(pages) > 1
    assert list(chain.from_iterable(pages)) == regex.findall(r"\X", text)


def english(count: int) -> str:
    return "Symptoms (1 text)" if count == 1 else f"Symptoms ({count} texts)"


def russian(count: int) -> str:
    noun = "сообщение" if count == 1 else "сообщения" if count < 5 else "сообщений"
    return f"Симптомы ({count} {noun})"


def chinese(count: int) -> str:
    return f"症状（共{count}条）"


def arabic(count: int) -> str:
    return {1: "الأعراض (رسالة واحدة)", 2: "الأعراض (رسالتان)"}.get(count, f"الأعراض ({count} رسائل)")


def tells_its_pages(reading: Reading, opening: Callable[[int], str]) -> bool:
    """Whether a section has as many pages as its first one tells, and that one has room for telling it."""
    count, first = reading.layout.opened(opening)
    rest = [] if first.last else list(reading.layout.pages(start=first.end))
    message = replace(reading, opening=opening(count)).sent(first)
    return first.start == (0, 0) and count == 1 + len(rest) and reading.allows(message)


@lawful
@given(SECTIONS, st.sampled_from((english, russian, chinese, arabic)))
def test_a_section_has_as_many_pages_as_its_opening_tells(reading: Reading, opening: Callable[[int], str]) -> None:
    assume(replace(reading, opening=arabic(1)).has_room())
    assert tells_its_pages(reading, opening)


def test_a_section_has_as_many_pages_as_its_opening_tells_when_ten_need_more_room_than_nine() -> None:
    counts = set()
    for length in range(40, 80):
        reading = Reading(("слово " * length + "конец.",), Measure(None, max_characters=45))
        assert tells_its_pages(reading, lambda count: "ж" * 9 * len(str(count)))
        counts.add(reading.layout.opened(lambda count: "ж" * 9 * len(str(count)))[0])
    assert counts >= {8, 9, 10, 11}


def test_a_section_has_as_many_pages_as_its_opening_tells_when_one_needs_more_room_than_two() -> None:
    more, end = "أرسل المزيد للمتابعة.", "النهاية. أرسل القائمة لكل الأجزاء."
    reading = Reading((" ".join(["كلمة"] * 29) + ".",), Measure(3), "ar", more, end)
    assert tells_its_pages(reading, arabic)


@pytest.mark.parametrize(
    "reading",
    [
        Reading(("слово слово",), Measure(1), more="ж" * 70, end="ж" * 70),
        Reading(("слово слово",), Measure(1), end="ж" * 64),
        Reading(("слово",), Measure(1), opening="ж" * 65),
        Reading(("x" * 40,), Measure(None, max_characters=39)),
        Reading(("e\u0301" * 40,), Measure(None, max_characters=79)),
        Reading(("short words, then " + "x" * 40,), Measure(None, max_characters=39)),
        Reading(("€" * 40,), Measure(1), end="x" * 79),
    ],
    ids=["footers", "last footer", "opening", "word", "accented word", "later word", "escapes"],
)
def test_a_page_without_room_for_a_word_is_an_error_that_names_the_setting(reading: Reading) -> None:
    layout = reading.layout
    for lay_out in (
        lambda: layout.page(opening=reading.opening),
        lambda: list(layout.pages(reading.opening)),
        lambda: layout.opened(lambda _: reading.opening),
    ):
        with pytest.raises(PageTooSmallError, match="MAX_SEGMENTS"):
            lay_out()


@pytest.mark.parametrize(
    "reading",
    [
        Reading(("слово",), Measure(1), more="ж" * 63, end="ж" * 63),
        Reading(("слово",), Measure(1), opening="ж" * 64),
        Reading(("x" * 40,), Measure(None, max_characters=40)),
        Reading(("x" * 41,), Measure(None, max_characters=39)),
        Reading(("€" * 40,), Measure(1), end="x" * 78),
    ],
    ids=["footers", "opening", "word", "long word", "escapes"],
)
def test_a_page_with_just_enough_room_is_laid_out(reading: Reading) -> None:
    pages = reading.pages
    assert "".join(map(reading.words, pages)) == reading.text
    assert all(map(reading.allows, map(reading.sent, pages)))
