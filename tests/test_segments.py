"""What a text costs. The judge is Twilio's own calculator, npm's ``sms-segments-calculator``, as locked in ``npm/``."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import product
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest
import regex

from service.book.segments import GSM_7, GSM_7_DOUBLE, Encoding, encoding, segments, texting_form

NPM = Path(__file__).with_name("npm")

BORDERS = {Encoding.GSM_7: (153, 160, 306, 459), Encoding.UCS_2: (67, 70, 134, 201)}
"""Where a message, or a segment of one, is full."""

PLAIN = (  # each character is a grapheme by itself
    "etaoin shrdlu cmfwyp vbgkqj xz ETAOIN 0123456789 .,:;!?'\"()@$£¥§\n",
    "éèùìòÇØøÅåÄÖÑÜäöñüàÆæßÉ¿¡ ",
    "^{}\\[~]|€",
    "áíóúçâêôãõăđơưạảấầẩậỹłżźşğıœÿ ",
    "ΔΦΓΛΩΠΨΣΘΞ",
    "αβγδεζηθικλμνξοπρστυφχψω ",
    "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё ",
    "ابتثجحخدذرزسشصضطظعغفقكلمنهوي ،؟",
    "אבגדהוזחטיכלמנסעפצקרשת ",
    "乳腺癌转移是指细胞扩散到骨骼肝脏，。？",
    "がんのしんだんカタカナー、。",
    "유방암전이는무엇입니까 ",
    "አማርኛበሽታ ",
    "აბგდეվզէ ",
    "कखगघचछज ",
    "กขคงจฉช",
    "😀🙏💊🩺🎗𠮷",
    "“”‘’–—…•\u00a0",
)

CLUSTERED = {  # several characters make one grapheme
    "hi": ["स्तन ", "कैंसर ", "कोशिकाएँ ", "शरीर ", "के ", "अन्य ", "भागों ", "में ", "फैल ", "हैं "],
    "bn": ["স্তন ", "ক্যান্সার ", "শরীরের ", "অন্যান্য ", "অংশে ", "ছড়িয়ে ", "পড়ে "],
    "th": ["มะเร็งเต้านม", "ระยะแพร่กระจาย", "คือการที่", "น้ำเหลือง", "ผู้ป่วย"],
    "km": ["ជំងឺមហារីក", "សុដន់", "រាលដាល"],
    "ar": ["سَرَطَانُ ", "الثَّدْيِ ", "هُوَ ", "مَرَضٌ ", "في ", "العظام "],
    "decomposed": ["e\u0301", "n\u0303", "o\u0302\u0323", "a", " "],
    "emoji": ["👨‍👩‍👧", "👩‍⚕️", "👍🏽", "🇺🇸", "1️⃣", "❤️"],
}


PRICES = (
    ("", 1, Encoding.GSM_7),
    ("a" * 160, 1, Encoding.GSM_7),
    ("a" * 161, 2, Encoding.GSM_7),
    ("a" * 306, 2, Encoding.GSM_7),
    ("a" * 307, 3, Encoding.GSM_7),
    ("a" * 459, 3, Encoding.GSM_7),
    ("a" * 460, 4, Encoding.GSM_7),
    ("я" * 70, 1, Encoding.UCS_2),
    ("я" * 71, 2, Encoding.UCS_2),
    ("я" * 134, 2, Encoding.UCS_2),
    ("я" * 135, 3, Encoding.UCS_2),
    ("я" * 201, 3, Encoding.UCS_2),
    ("я" * 202, 4, Encoding.UCS_2),
    ("€" * 80, 1, Encoding.GSM_7),
    ("€" * 81, 2, Encoding.GSM_7),
    ("€" * 152, 2, Encoding.GSM_7),
    ("€" * 153, 3, Encoding.GSM_7),
    ("😀" * 35, 1, Encoding.UCS_2),
    ("😀" * 36, 2, Encoding.UCS_2),
    ("😀" * 66, 2, Encoding.UCS_2),
    ("😀" * 67, 3, Encoding.UCS_2),
    ("a" * 152 + "{" + "a" * 152, 3, Encoding.GSM_7),
    ("a" * 151 + "{" + "a" * 153, 2, Encoding.GSM_7),
    ("я" * 66 + "😀" + "я" * 66, 3, Encoding.UCS_2),
    ("я" * 65 + "😀" + "я" * 67, 2, Encoding.UCS_2),
    ("a" * 70 + "ç", 2, Encoding.UCS_2),
    ("a" * 70 + "Ç", 1, Encoding.GSM_7),
    ("{" * 70 + "ç", 2, Encoding.UCS_2),
    ("áíóú", 1, Encoding.UCS_2),
    ("àéìòùñü", 1, Encoding.GSM_7),
)


class Verdict(NamedTuple):
    """What the calculator says of a text; ``text`` is the text itself, or what smart encoding makes of it."""

    segments: int
    encoding: str
    text: str


class Calculator(Protocol):
    """Judges many texts in one go; ``smart`` is Twilio's smart encoding."""

    def __call__(self, texts: Iterable[str], *, smart: bool = False) -> list[Verdict]: ...


def is_installed(folder: Path) -> bool:
    """Whether ``folder`` has in node_modules what its lock asks for, no more and no less."""
    asked, there = folder / "package-lock.json", folder / "node_modules" / ".package-lock.json"
    return (
        there.exists() and _locked(there) == _locked(asked) and all((folder / path).is_dir() for path in _locked(asked))
    )


def _locked(lock: Path) -> dict[str, tuple[str, str]]:
    packages = json.loads(lock.read_text("utf-8"))["packages"]
    return {path: (about["version"], about["integrity"]) for path, about in packages.items() if path}


def install(folder: Path) -> str:
    """Let npm install what the lock in ``folder`` asks for, unless it is there; says what hinders it, if anything."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not (node and npm):
        return (
            "Twilio's own calculator judges our segments, and it runs on Node.js: "
            "install nodejs and npm (on Debian: apt-get install nodejs npm)"
        )
    if is_installed(folder):
        return ""
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    return f"npm could not install Twilio's calculator into {folder}:\n{done.stderr}" if done.returncode else ""


@pytest.fixture(scope="session")
def calculator() -> Calculator:
    """Twilio's calculator. A test that asks it fails where it cannot be had: none is ever skipped."""
    hindrance = install(NPM)

    def judge(texts: Iterable[str], *, smart: bool = False) -> list[Verdict]:
        if hindrance:
            pytest.fail(hindrance, pytrace=False)
        lines = "".join(json.dumps({"text": text, "smart": smart}) + "\n" for text in texts)
        command = ["node", str(NPM / "segments.js")]
        done = subprocess.run(command, input=lines, capture_output=True, encoding="utf-8", check=True)
        return [Verdict(*json.loads(line)) for line in done.stdout.split("\n")[:-1]]

    return judge


def ours(text: str) -> Verdict:
    """Our own verdict on ``text``, to be compared with the calculator's."""
    return Verdict(segments(text), encoding(text), text)


def mixed_texts(pieces: Sequence[Sequence[str]], number: int, seed: int) -> Iterator[str]:
    """Texts of one to four scripts, most of them about as long as a border: always the same ones for a seed."""
    choose = random.Random(seed)
    for _ in range(number):
        scripts = choose.sample(pieces, min(len(pieces), choose.choice((1, 1, 2, 3, 4))))
        border = choose.choice(BORDERS[Encoding.GSM_7 if scripts[0] in PLAIN[:3] else Encoding.UCS_2])
        wanted = choose.choice((choose.randint(border - 5, border + 5), choose.randint(0, border)))
        text = ""
        while len(text) < wanted:
            text += "".join(choose.choices(choose.choice(scripts), k=choose.randint(1, 12)))
        yield text[:wanted] if scripts[0] in PLAIN else text


@cache
def latin_characters() -> tuple[str, ...]:
    """All that may stand in a Latin-script text, but for control characters, combining marks and East Asian forms."""
    every = "".join(map(chr, (*range(0xD800), *range(0xE000, 0x10000))))
    return tuple(
        character
        for character in regex.findall(r"[[\p{Latin}\p{Common}]--[\p{Cc}\p{M}]]", every, regex.V1)
        if unicodedata.east_asian_width(character) not in {"F", "H", "W"}
    )


def test_a_text_costs_what_twilio_says_it_costs(calculator: Calculator) -> None:
    texts = [text for text, _, _ in PRICES]
    prices = [Verdict(count, under, text) for text, count, under in PRICES]
    assert [ours(text) for text in texts] == prices
    assert calculator(texts) == prices


@pytest.mark.parametrize(("filler", "wide"), [("a", "{"), ("я", "😀"), ("a", "😀")])
def test_a_character_of_two_units_is_counted_right_wherever_it_stands_near_a_border(
    calculator: Calculator, filler: str, wide: str
) -> None:
    first, *_ = borders = BORDERS[encoding(filler + wide)]
    texts = [
        filler * (border - before) + wide * width + filler * after
        for border in borders
        for before in range(4)
        for width in (1, 2)
        for after in (0, 1, first - 3, first - 2, first - 1, first)
    ]
    assert [ours(text) for text in texts] == calculator(texts)


@pytest.mark.parametrize("character", ["a", "€", "я", "😀"])
def test_every_length_around_a_border_costs_what_twilio_says(calculator: Calculator, character: str) -> None:
    borders = [border // (2 if character in "€😀" else 1) for border in BORDERS[encoding(character)]]
    texts = [character * (border + step) for border in borders for step in range(-3, 4)]
    assert [ours(text) for text in texts] == calculator(texts)


def test_two_thousand_mixed_texts_cost_what_twilio_says(calculator: Calculator) -> None:
    texts = list(mixed_texts(PLAIN, 2000, seed=160))
    verdicts = calculator(texts)
    assert {verdict.encoding for verdict in verdicts} == {"GSM-7", "UCS-2"}
    assert {verdict.segments for verdict in verdicts} >= {1, 2, 3, 4, 5}
    assert set("".join(texts)) == set("".join(PLAIN))
    assert [ours(text) for text in texts] == verdicts


@pytest.mark.parametrize(
    "pieces",
    [pytest.param(pieces, id=script) for script, pieces in CLUSTERED.items()],
)
def test_graphemes_of_several_characters_cost_what_twilio_says(calculator: Calculator, pieces: list[str]) -> None:
    first, _, full, _ = BORDERS[Encoding.UCS_2]
    texts = [
        "я" * (first - before) + piece + "я" * (full - first + before - len(piece.encode("utf-16-le")) // 2)
        for piece in pieces
        for before in range(1, len(piece.encode("utf-16-le")) // 2)
    ]
    texts += mixed_texts([pieces], 100, seed=70)
    assert [ours(text) for text in texts] == calculator(texts)


def test_our_gsm_7_is_twilios_character_for_character(calculator: Calculator) -> None:
    # The form feed is left out: it is GSM-7 in theory, no paragraph holds it, and as UCS-2 it is never counted too low.
    characters = [chr(point) for point in range(0x2200) if chr(point) != "\f"]
    assert [encoding(character) for character in characters] == [verdict.encoding for verdict in calculator(characters)]
    full = [character * (80 if character in GSM_7_DOUBLE else 160) for character in sorted(GSM_7)]
    texts = [*full, *(text + text[0] for text in full)]
    assert [ours(text) for text in texts] == calculator(texts)


@pytest.mark.parametrize("accents", [True, False])
def test_twilios_smart_encoding_finds_nothing_to_change_in_our_texting_form(
    calculator: Calculator, accents: bool
) -> None:
    sentences = [
        "“Metástasis” — ¿qué es…? L’hôpital, «oui» ‹non›, „dobrze”, ‚gut‘: ½ cup • 38 °C",
        "Tiếng Việt: ung thư vú di căn là gì? Hỏi bác sĩ – đừng sợ.",
        "Žluťoučký kůň\u00a0‑ zażółć gęślą jaźń\u2009· İstanbul’da\u202f5 kg\u200b `x`",
    ]
    forms = [texting_form(text, accents=accents) for text in (*sentences, *latin_characters())]
    assert [verdict.text for verdict in calculator(forms, smart=True)] == forms


def test_our_texting_form_changes_what_twilios_smart_encoding_would_change(calculator: Calculator) -> None:
    characters = list(latin_characters())
    made = [
        " " if not verdict.text.strip() and verdict.text else verdict.text
        for verdict in calculator(characters, smart=True)
    ]
    assert [texting_form(character, accents=True) for character in characters] == made


def test_without_accents_only_letters_outside_gsm_7_lose_their_marks() -> None:
    sentence = "¿Qué síntomas? Ñandú, pingüino"
    assert texting_form(sentence, accents=False) == "¿Qué sintomas? Ñandu, pingüino"
    assert texting_form(sentence, accents=True) == sentence
    assert encoding(texting_form(sentence, accents=False)) is Encoding.GSM_7
    assert texting_form("ÁÍÓÚ áíóú çÇ", accents=False) == "AIOU aiou cÇ"
    assert texting_form("Рак лёгких, Ελλάδα, 乳, 유방", accents=False) == "Рак лёгких, Ελλάδα, 乳, 유방"


def test_what_gsm_7_can_say_is_texted_as_it_stands() -> None:
    for character in GSM_7:
        assert texting_form(character, accents=False) == texting_form(character, accents=True) == character


def test_without_accents_a_sign_keeps_its_meaning() -> None:
    for sign in map(chr, range(0x110000)):
        if not unicodedata.category(sign).startswith(("C", "L", "M")) and unicodedata.is_normalized("NFC", sign):
            assert texting_form(sign, accents=False) == texting_form(sign, accents=True)


@pytest.mark.parametrize("accents", [True, False])
def test_every_character_is_replaced_by_itself_alone(accents: bool) -> None:
    for text in map("".join, product("aeinsíñọ0.,-'!|…“”’—½€\u00a0\u200b\u0301\u0303\u0323सि乳😀", repeat=3)):
        assert texting_form(text, accents=accents) == "".join(texting_form(one, accents=accents) for one in text)


def test_a_texting_form_stays_as_it_is_when_it_is_formed_again() -> None:
    for character in latin_characters():
        for accents in (True, False):
            form = texting_form(character, accents=accents)
            assert texting_form(form, accents=accents) == form


@pytest.mark.parametrize("there", ["node", "npm", ""])
def test_a_missing_program_is_told_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, there: str
) -> None:
    if there:
        (tmp_path / there).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "install nodejs and npm" in install(NPM)


def test_the_calculator_is_installed_anew_unless_it_is_the_locked_one(calculator: Calculator, tmp_path: Path) -> None:
    assert is_installed(NPM)
    shutil.copytree(NPM, tmp_path / "npm")
    lock = tmp_path / "npm" / "package-lock.json"
    assert is_installed(lock.parent)
    lock.write_text(lock.read_text("utf-8").replace("1.3.0", "1.3.1"), "utf-8")
    assert not is_installed(lock.parent)
    shutil.rmtree(lock.parent / "node_modules")
    assert not is_installed(lock.parent)


def test_the_lock_of_the_calculator_has_checksums_and_no_addresses() -> None:
    lock = json.loads((NPM / "package-lock.json").read_text("utf-8"))
    packages = [about for path, about in lock["packages"].items() if path]
    assert packages
    assert all(about["integrity"].startswith("sha512-") and "resolved" not in about for about in packages)
