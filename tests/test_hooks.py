"""The webhooks, as Twilio posts to them: signed, odd, doubled, and all at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from service.app import create_app
from service.book import Book
from service.settings import Settings
from tests.conftest import TOKEN
from tests.texter import Texter, messages, sign

SIGNED = {"/sms", "/voice", "/voice/<int:step>", "/voice/picked-up", "/status/message", "/status/call"}
PUBLIC = {"/healthz", "/readyz", "/metrics", "/audio/<language>/<name>.mp3", "/audio/notice/<name>.mp3"}

Somebody = Callable[..., Texter]


def test_every_route_is_either_signed_or_known_to_be_public(client: FlaskClient) -> None:
    routes = {rule.rule for rule in client.application.url_map.iter_rules()}
    assert routes == SIGNED | PUBLIC
    for route in SIGNED:
        path = route.replace("<int:step>", "1")
        assert client.post(path, data={"From": "+12025550100", "Body": "hi"}).status_code == 403


def test_a_keyword_is_answered_with_the_sections_first_page(texter: Somebody) -> None:
    *_, page = texter().text("RISKS")
    assert page.startswith("How doctors judge risk (2 texts)\nResearch has found markers")


def test_a_stranger_who_texts_a_spanish_word_is_answered_in_spanish_at_once(texter: Somebody) -> None:
    *_, page = texter().text("RIESGOS")
    assert page.startswith("Como evaluan el riesgo los médicos")


@pytest.mark.parametrize(("word", "more", "first", "last"), [
    ("WHAT METASTASIS IS", "MORE", "What metastasis is", "This is the end."),
    ("METASTASIS", "MAS", "Qué es la metastasis", "Aqui termina."),
])  # fmt: skip
def test_more_leads_through_the_whole_article(texter: Somebody, word: str, more: str, first: str, last: str) -> None:
    reader = texter()
    if more == "MAS":
        reader.text("español")
    pages = [reader.text(word)[-1]]
    while last not in pages[-1]:
        pages.append(reader.text(more)[-1])
        assert len(pages) < 30
    assert pages[0].startswith(first)
    assert len(set(pages)) == len(pages)


def test_a_wrong_signature_is_refused(client: FlaskClient) -> None:
    form = {"From": "+12025550100", "Body": "hi"}
    assert client.post("/sms", data=form, headers=sign(form, "another token")).status_code == 403
    assert client.post("/sms", data={**form, "Body": "ho"}, headers=sign(form, TOKEN)).status_code == 403


def test_during_a_rotation_both_tokens_are_good(settings: Settings, book: Book) -> None:
    both = settings.model_copy(update={"twilio_auth_token": ("the new one", "the old one")})
    client = create_app(both, book).test_client()
    form = {"From": "+12025550100", "Body": "hi", "MessageSid": "SMrotation"}
    for token in both.twilio_auth_token:
        assert client.post("/sms", data=form, headers=sign(form, token)).status_code == 200


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_a_wrong_method_is_told_so(client: FlaskClient, method: str) -> None:
    assert getattr(client, method)("/sms").status_code == 405


def test_the_same_message_gives_the_same_bytes_and_moves_nothing(texter: Somebody) -> None:
    reader = texter()
    reader.text("FEAR")
    first = reader.post("MORE", sid="SMtwice")
    again = reader.post("MORE", sid="SMtwice")
    assert first.get_data() == again.get_data()
    assert reader.text("BACK")[-1].startswith("Fear of metastasis")


def test_fifty_texts_at_once_are_answered_as_some_order_of_them(
    settings: Settings, book: Book, texter: Somebody
) -> None:
    application = create_app(settings, book)

    def reader() -> Texter:
        somebody = Texter(application.test_client(), TOKEN, texter().number)
        somebody.text("METASTASIS")
        return somebody

    together, alone = reader(), reader()

    def send(_: int) -> list[str]:
        return Texter(application.test_client(), TOKEN, together.number).text("MORE")

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(send, range(50)))
    assert sorted(answers) == sorted(alone.text("MORE") for _ in range(50))


def test_simultaneous_deliveries_of_one_message_are_one_turn(settings: Settings, book: Book, texter: Somebody) -> None:
    reader = texter()
    reader.text("FEAR")
    application = create_app(settings, book)

    def deliver(_: int) -> bytes:
        return Texter(application.test_client(), TOKEN, reader.number).post("MORE", sid="SMtogether").get_data()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(deliver, range(8)))) == 1
    assert reader.text("BACK")[-1].startswith("Fear of metastasis")


@pytest.mark.parametrize("sender", [
    "", "anonymous", "+266696687", "whatsapp:+12025550123", "+" + "9" * 40, "sip:a@example.org",
    "not a number", "whatsapp:", "+1202555٠١٢٣", "\x00", "messenger:1234",
])  # fmt: skip
def test_an_odd_sender_is_served(texter: Somebody, sender: str) -> None:
    assert texter(number=sender).text("RISKS")[-1].startswith("How doctors judge risk")


@pytest.mark.parametrize("machine", ["12345", "+72345", "732873", "Bank", "MY-SHOP 24"])
def test_a_short_code_or_a_sender_with_a_name_gets_no_conversation(texter: Somebody, machine: str) -> None:
    assert texter(number=machine).text("RISKS") == []
    assert texter(number=machine).text("STOP") == []


def test_a_machine_that_answers_every_text_is_left_alone_and_a_person_is_not(texter: Somebody) -> None:
    machine, person = texter(), texter()
    said = [machine.text("Thanks for your message. I am driving.") for _ in range(9)]
    assert all(said[:4])
    assert said[-1] == []
    assert machine.text("RISKS")
    assert all(person.text(word) for word in ["MENU", "MORE", "BACK"] * 4)
    assert all(person.text("STOP") for _ in range(9))


def test_every_answer_tells_browsers_to_keep_out(client: FlaskClient) -> None:
    headers = client.get("/healthz").headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert (headers["X-Frame-Options"], headers["Referrer-Policy"]) == ("DENY", "no-referrer")


def test_a_withheld_number_is_served_but_not_remembered(texter: Somebody) -> None:
    nobody = texter(number="anonymous")
    assert nobody.text("RISKS")[0] == nobody.text("RISKS")[0]
    assert "Your language?" in nobody.text("zzz qqq")[-1]


@pytest.mark.parametrize("missing", ["MessageSid", "Body", "From", "To", "NumMedia", "AccountSid"])
def test_a_missing_field_is_no_error(texter: Somebody, missing: str) -> None:
    assert texter().post("hi", **{missing: None}).status_code == 200


def test_a_picture_with_words_is_read_for_its_words(texter: Somebody) -> None:
    said = texter().text("RISKS", NumMedia="1", MediaContentType0="image/jpeg", MediaUrl0="https://example.org/x")
    assert said[-1].startswith("How doctors judge risk")


@pytest.mark.parametrize("fields", [
    {"NumMedia": "1", "MediaContentType0": "audio/ogg"}, {"NumMedia": "1", "MediaContentType0": "image/webp"},
    {"Latitude": "1.5", "Longitude": "2.5"}, {},
])  # fmt: skip
def test_without_words_only_words_are_asked_for(texter: Somebody, fields: dict[str, str]) -> None:
    assert "Only words can be read here" in texter().text("", **fields)[-1]


def test_a_whatsapp_button_counts_as_its_words(texter: Somebody) -> None:
    reader = texter(prefix="whatsapp:")
    assert reader.text("", ButtonText="RISKS", ButtonPayload="x")[-1].startswith("How doctors judge risk")


def test_the_same_person_is_known_on_every_channel(texter: Somebody) -> None:
    reader = texter()
    reader.text("FEAR")
    there = Texter(reader.client, TOKEN, reader.number, prefix="whatsapp:")
    assert there.text("MORE")[-1].startswith("Some feel that they do not want")


def test_what_twilio_has_answered_itself_is_not_answered_again(texter: Somebody) -> None:
    assert texter().text("STOP", OptOutType="STOP") == []


def test_a_request_that_is_far_too_large_is_refused(client: FlaskClient) -> None:
    assert client.post("/sms", data={"Body": "x" * 300_000}).status_code == 413


def test_after_very_many_texts_one_kind_word_and_then_silence(texter: Somebody) -> None:
    reader = texter()
    said = [reader.text("MENU" if count % 2 else "RISKS") for count in range(64)]
    assert all(answer for answer in said[:60])
    assert ["faster than we can answer" in " ".join(answer) for answer in said[60:]] == [True, False, False, False]
    assert "ended all texts" in reader.text("STOP")[-1]


@given(
    st.dictionaries(
        st.sampled_from(["From", "To", "Body", "MessageSid", "NumMedia", "OptOutType", "ButtonText"]), st.text()
    )
)
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_form_however_odd_is_an_error(client: FlaskClient, form: dict[str, str]) -> None:
    signable = {name: value.encode("utf-8", "replace").decode() for name, value in form.items()}
    response = client.post("/sms", data=signable, headers=sign(signable, TOKEN))
    assert response.status_code in {200, 403}  # line ends are rewritten on the way, which spoils a signature
    if response.status_code == 200:
        messages(response)


def test_health_tells_whether_the_store_can_serve(client: FlaskClient, settings: Settings, book: Book) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200
    lost = settings.model_copy(update={"redis_url": "redis://127.0.0.1:1"})
    alone = create_app(lost, book).test_client()
    assert alone.get("/healthz").status_code == 200
    unready = alone.get("/readyz")
    assert (unready.status_code, "REDIS_URL" in unready.json["why"]) == (503, True)
