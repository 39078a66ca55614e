"""The map of all conversations, as a picture: where somebody is, what they do, and what is answered."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

ROW, GAP, PAD = 19, 16, 10
LEFT, LEFT_WIDTH = 20, 430
RIGHT, RIGHT_WIDTH = 690, 490
WIDTH, TOP = 1200, 96
COLUMNS, CELL = 3, 376
RETURNS = " ↩"
WIDEST_LABEL, WIDEST_CAPTION = 58, 54
"""Characters of a row on the left and on the right."""

MOSTLY = 0.6
"""What holds in so many of all places is drawn once, as from anywhere."""

FIRST = ("a stranger", "contents", "home", "page", "languages", "danger", "after a year")
"""The places that stand first; the questions follow."""

ANSWERS = {"a number", "YES", "NO"}
"""What answers a question; all else leads on from the place beneath it, and is drawn there."""

SILENCE = "no answer"
SILENT = {
    *("no conversation", "reaction", "over the limit", "has left"),
    *("stopped by carrier", "started by carrier", "helped by carrier"),
}
"""Outcomes that say nothing; drawn as one."""

INK = ("#1f6f8b", "#b5532a", "#3d7a3a", "#7a4b94", "#9a6a00", "#b03060", "#33658a", "#5c6b1f", "#8a3d3d", "#4a5aa8")

Steps = Counter[tuple[str, str, str]]


class Row(NamedTuple):
    """One way from a place: what somebody does, and what is answered."""

    label: str
    outcome: str


class Map(NamedTuple):
    """What is to be drawn: the ways of each place, and for each answer what leads there from anywhere."""

    places: dict[str, list[Row]]
    answers: dict[str, str]


def chart(steps: Steps) -> Map:
    """What leads where: ways that hold nearly everywhere apart from those of one place."""
    ways: dict[tuple[str, str], set[str]] = defaultdict(set)
    for place, group, outcome in steps:
        answer = SILENCE if outcome in SILENT else outcome
        ways[group, answer].add(place)
    found_in = {place for place, _, _ in steps}
    places = [*(place for place in FIRST if place in found_in), *sorted(found_in - set(FIRST))]
    common = {way for way, found in ways.items() if len(found) >= MOSTLY * len(places)}
    anywhere: dict[str, list[str]] = defaultdict(list)
    own: dict[str, dict[str, list[str]]] = {place: defaultdict(list) for place in places}
    for (group, answer), found in ways.items():
        anywhere[answer] += [group] if (group, answer) in common else []
        beneath = found.intersection(FIRST) if group not in ANSWERS else set()
        for place in sorted(beneath or found) if (group, answer) not in common else ():
            own[place][answer].append(group)
    rows = {
        place: [Row(_listed(groups, WIDEST_LABEL), answer) for answer, groups in found.items()]
        for place, found in own.items()
    }
    return Map(rows, {answer: ", ".join(groups) for answer, groups in anywhere.items()})


def draw(steps: Steps) -> str:
    """The map as SVG."""
    places, answers = chart(steps)
    captions = {answer: _wrapped(caption, WIDEST_CAPTION) for answer, caption in answers.items()}
    reached = {row.outcome for rows in places.values() for row in rows}
    left = {place: len(rows) for place, rows in places.items()}
    right = {answer: len(captions[answer]) for answer in answers if answer in reached}
    bottom = max(_bottom(left), _bottom(right))
    lefts = _stack(left, bottom)
    order = _ordered(places, right, lefts)
    rights = _stack({answer: right[answer] for answer in order}, bottom)
    colours = {answer: INK[number % len(INK)] for number, answer in enumerate(order)}
    drawn = [*_lines(places, lefts, rights, colours)]
    for place, rows in places.items():
        drawn += _place(place, rows, lefts[place], colours)
    for answer in order:
        drawn += _answer(answer, captions[answer], rights[answer], colours[answer], is_place=answer in places)
    rest = {answer: caption for answer, caption in captions.items() if answer not in reached}
    return _page([*drawn, *_elsewhere(rest, set(places), bottom)], bottom + 40 + _tall(rest))


def _elsewhere(rest: dict[str, list[str]], places: set[str], bottom: float) -> Iterable[str]:
    """What is answered from anywhere alike, in columns below."""
    yield f'<text x="{LEFT}" y="{bottom + 30:.0f}" class="head">From anywhere alike</text>'
    tops = [bottom + 44] * COLUMNS
    for number, (answer, caption) in enumerate(rest.items()):
        column = number % COLUMNS
        left = LEFT + column * (CELL + GAP)
        name = answer + RETURNS * (answer in places)
        yield _box(left, tops[column], CELL, len(caption), "#8a8f98")
        yield _words(left + PAD, tops[column], 0, name, "name")
        for row, line in enumerate(caption, 1):
            yield _words(left + PAD, tops[column], row, line, "what")
        tops[column] += _height(len(caption)) + GAP


def _tall(rest: dict[str, list[str]]) -> int:
    """How high the columns of ``_elsewhere`` are."""
    heights = [_height(len(caption)) + GAP for caption in rest.values()]
    return max((sum(heights[column::COLUMNS]) for column in range(COLUMNS)), default=0)


def _ordered(places: dict[str, list[Row]], answers: Iterable[str], tops: dict[str, float]) -> list[str]:
    """The answers, each near the places that lead there, so that fewer lines cross."""
    heights: dict[str, list[float]] = defaultdict(list)
    for place, rows in places.items():
        for number, row in enumerate(rows):
            heights[row.outcome].append(tops[place] + number * ROW)
    middle = {answer: sum(found) / len(found) for answer, found in heights.items()}
    return sorted(answers, key=lambda answer: middle.get(answer, 1e9))


def _bottom(rows: dict[str, int]) -> float:
    """Where the last of these boxes ends, one below another."""
    return TOP + sum(_height(count) + GAP for count in rows.values()) - GAP


def _stack(rows: dict[str, int], bottom: float) -> dict[str, float]:
    """The top of each box, one below another, spread down to ``bottom``."""
    gap = GAP + (bottom - _bottom(rows)) / max(1, len(rows) - 1)
    tops, top = {}, float(TOP)
    for name, count in rows.items():
        tops[name] = top
        top += _height(count) + gap
    return tops


def _height(rows: int) -> int:
    return ROW * (rows + 1) + PAD


def _lines(
    places: dict[str, list[Row]], lefts: dict[str, float], rights: dict[str, float], colours: dict[str, str]
) -> Iterable[str]:
    for place, rows in places.items():
        for number, row in enumerate(rows):
            y, end = lefts[place] + ROW * (number + 1.5) + PAD / 2, rights[row.outcome] + ROW * 0.5 + PAD / 2
            start, stop = LEFT + LEFT_WIDTH, RIGHT
            bend = (stop - start) * 0.5
            path = f"M{start} {y:.1f}C{start + bend:.0f} {y:.1f} {stop - bend:.0f} {end:.1f} {stop - 7} {end:.1f}"
            colour = colours[row.outcome]
            yield f'<path d="{path}" stroke="{colour}" class="way"/>'
            yield f'<path d="M{stop - 8} {end - 4:.1f}L{stop} {end:.1f}L{stop - 8} {end + 4:.1f}Z" fill="{colour}"/>'


def _place(place: str, rows: Sequence[Row], top: float, colours: dict[str, str]) -> Iterable[str]:
    yield _box(LEFT, top, LEFT_WIDTH, len(rows), "#8a8f98")
    yield _words(LEFT + PAD, top, 0, place, "name")
    for number, row in enumerate(rows, 1):
        yield _words(LEFT + PAD, top, number, row.label, "what")
        y = top + ROW * (number + 0.5) + PAD / 2
        yield f'<circle cx="{LEFT + LEFT_WIDTH}" cy="{y:.1f}" r="3" fill="{colours[row.outcome]}"/>'


def _answer(answer: str, caption: Sequence[str], top: float, colour: str, *, is_place: bool) -> Iterable[str]:
    yield _box(RIGHT, top, RIGHT_WIDTH, len(caption), colour)
    yield _words(RIGHT + PAD, top, 0, answer + RETURNS * is_place, "name")
    for number, line in enumerate(caption, 1):
        yield _words(RIGHT + PAD, top, number, line, "what")


def _box(left: int, top: float, width: int, rows: int, colour: str) -> str:
    size = f'x="{left}" y="{top:.1f}" width="{width}" height="{_height(rows)}"'
    return f'<rect {size} rx="6" fill="#fff" stroke="{colour}"/>'


def _words(left: int, top: float, row: int, words: str, style: str) -> str:
    return f'<text x="{left}" y="{top + ROW * (row + 0.75) + PAD / 2:.1f}" class="{style}">{escape(words)}</text>'


def _listed(groups: Sequence[str], most: int) -> str:
    """As many groups as a row holds, and how many more there are."""
    for count in range(len(groups), 0, -1):
        rest = len(groups) - count
        said = ", ".join(groups[:count]) + (f" and {rest} more" if rest else "")
        if len(said) <= most:
            return said
    return groups[0][: most - 1] + "…"


def _wrapped(caption: str, most: int) -> list[str]:
    lines: list[str] = []
    for part in caption.split(", ") if caption else ():
        if lines and len(lines[-1]) + len(part) + 2 <= most:
            lines[-1] += f", {part}"
        else:
            lines.append(part)
    return lines


def _page(drawn: Sequence[str], bottom: float) -> str:
    style = (
        "text{font-family:system-ui,'DejaVu Sans',sans-serif;font-size:12.5px;fill:#24292f}"
        ".title{font-size:20px;font-weight:600}.head{font-size:14px;fill:#57606a}"
        ".name{font-weight:600}.what{fill:#57606a}.way{fill:none;stroke-width:1.3;opacity:.75}"
    )
    heads = (
        f'<text x="{LEFT}" y="36" class="title">Every conversation, by what leads where</text>'
        f'<text x="{RIGHT}" y="36" class="head">↩ stands on the left too, as a place</text>'
        f'<text x="{LEFT}" y="76" class="head">Where somebody is, and what they do there</text>'
        f'<text x="{RIGHT}" y="76" class="head">What is answered, and what leads there from anywhere</text>'
    )
    height = bottom + 24
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
        f'height="{height:.0f}"><style>{style}</style><rect width="100%" height="100%" fill="#fff"/>'
        + heads
        + "".join(drawn)
        + "</svg>\n"
    )
