"""Replies become digests: each once, to the right reader, in their language, whatever is killed when."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from bson import ObjectId

from accounts.models import User
from debtors.models import Suppression
from domain.people import person_key
from gateways.models import Gateway
from lib.mongo import collection, server_now
from messaging import claims
from messaging.models import Conversation, IncomingText, Kind, Message, Review
from outreach import commands, digests
from outreach.models import Contact, Digest, DigestCursor, DigestItem, DigestReader, DigestSetting, contact_values
from preferences.commands import change
from sessions_app.models import Session
from tests.factories.debtors import make_debtor
from tests.outreach.conftest import EVA, RUT, switch_on

pytestmark = pytest.mark.django_db
Writes = Callable[..., None]


@pytest.fixture(autouse=True)
def begun(db: None) -> None:
    """Digests are on since an hour ago."""
    switch_on()
    start = ObjectId.from_datetime(server_now() - timedelta(hours=1))
    DigestCursor.objects.create(name=digests.CURSOR, since=start, upto=start)


def step() -> int:
    """What the engine does in a tick, without the pause between two looks."""
    collection(DigestCursor).update_many({}, {"$set": {"next_at": None}})
    digests.collect()
    return digests.tell()


def sent() -> list[Message]:
    return list(Message.objects.filter(kind=Kind.DIGEST).order_by("pk"))


def later(seconds: int = 121) -> None:
    """So much time goes by since the last digest."""
    for reader in DigestReader.objects.all():
        assert reader.last_at is not None
        DigestReader.objects.filter(pk=reader.pk).update(last_at=reader.last_at - timedelta(seconds=seconds))


def test_owner_is_told_of_several_replies_at_once(eva: User, writes: Writes, session: Session) -> None:
    debtor = make_debtor("María Pérez", owner=eva)
    writes(debtor.phone, "Hola", "Ya  pagué\nayer")
    assert step() == 1
    [message] = sent()
    assert (message.phone, message.name, message.gateway, message.status) == (
        EVA,
        "Eva Soto",
        session.gateway,
        "pending",
    )
    assert message.text.startswith("*2 replies of your debtors*")
    assert f"• María Pérez (+56 •••• {debtor.phone[-4:]}), 2 texts: “Ya pagué ayer”" in message.text
    made = Digest.objects.get()
    assert (made.pk, made.people, made.texts, made.user) == (message.pk, 1, 2, eva.pk)
    assert not Conversation.objects.filter(key=person_key(EVA)).exists(), "a digest is no conversation"


def test_reply_is_told_once_and_the_next_digest_waits(eva: User, writes: Writes) -> None:
    debtor = make_debtor(owner=eva)
    writes(debtor.phone, "uno")
    assert [step(), step(), step()] == [1, 0, 0]
    writes(debtor.phone, "dos")
    assert step() == 0, "at most one in two minutes"
    later()
    assert [step(), step()] == [1, 0]
    assert ["uno" in each.text for each in sent()] == [True, False]


@pytest.mark.parametrize("place", ["_store", "add_direct", "_keep"])
def test_kill_anywhere_neither_loses_nor_repeats(
    place: str, eva: User, writes: Writes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process ends at the end of that call: what it had not committed is not there."""
    debtor = make_debtor(owner=eva)
    writes(debtor.phone, "uno")

    class Killed(BaseException):
        pass

    module: Any = claims if place == "add_direct" else digests
    real = getattr(module, place)

    def dies(*args: Any, **kwargs: Any) -> None:
        real(*args, **kwargs)
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(module, place, dies)
        step()
    assert sent() == []
    assert [step(), step()] == [1, 0]
    assert DigestItem.objects.filter(told_at=None).count() == 0
    assert [item.digest for item in DigestItem.objects.all()] == [sent()[0].pk]


def test_text_that_is_stored_late_under_an_earlier_key_is_told(eva: User, writes: Writes) -> None:
    debtor = make_debtor(owner=eva)
    writes(debtor.phone, "uno")
    step()
    writes(debtor.phone, "dos")
    text = IncomingText.objects.get(text="dos")
    row = collection(IncomingText).find_one_and_delete({"_id": text.pk})
    assert row is not None
    early = ObjectId.from_datetime(server_now() - timedelta(seconds=60))
    collection(IncomingText).insert_one({**row, "_id": early})
    later()
    assert [step(), step()] == [1, 0]


def test_two_engines_make_one_digest(eva: User, writes: Writes, session: Session) -> None:
    debtor = make_debtor(owner=eva)
    writes(debtor.phone, "uno")
    digests.collect()
    now = server_now()
    reader = digests.readers.reader_of(EVA)
    line = Gateway.objects.get(pk=session.gateway)
    assert reader is not None
    assert digests._tell(EVA, now)
    writes(debtor.phone, "dos")
    collection(DigestCursor).update_many({}, {"$set": {"next_at": None}})
    digests.collect()
    with pytest.raises(digests.DuplicateKeyError):  # it had read that none was made yet
        digests.run_tx(lambda: digests._make(reader, line, None, now))
    assert len(sent()) == 1


def test_executive_of_the_book_is_told_where_the_owner_is_not(eva: User, writes: Writes) -> None:
    book = commands.add_contact(rut=RUT, name="Raúl", phone="966660000")
    User.objects.filter(pk=eva.pk).update(phone="")
    debtor = make_debtor(owner=eva, rut=RUT)
    writes(debtor.phone, "uno")
    assert step() == 1
    assert (sent()[0].phone, sent()[0].name) == (book.phone, "Raúl")
    Contact.objects.update(digests=False)
    later()
    writes(debtor.phone, "dos")
    assert step() == 0


def test_who_wants_none_gets_none_by_the_book_either(eva: User, writes: Writes) -> None:
    DigestSetting.objects.create(user=eva, active=False)
    commands.add_contact(rut=RUT, name="Eva", phone=EVA)
    writes(make_debtor(owner=eva, rut=RUT).phone, "uno")
    assert step() == 0
    assert not DigestItem.objects.exists()


def test_reply_that_waits_is_dropped_when_its_reader_wants_none_any_more(eva: User, writes: Writes) -> None:
    writes(make_debtor(owner=eva).phone, "uno")
    digests.collect()
    DigestSetting.objects.create(user=eva, active=False)
    assert digests.tell() == 0
    DigestSetting.objects.update(active=True)
    assert step() == 0


def test_own_numbers_executives_and_answers_to_tests_are_no_replies(
    eva: User, writes: Writes, session: Session
) -> None:
    for phone in (session.phone, EVA):
        make_debtor(phone=phone, owner=eva)
        writes(phone, "BAJA")
    tested = make_debtor(phone="+56955550000", owner=eva)
    line = Gateway.objects.get(pk=session.gateway)
    claims.add_direct(
        kind=Kind.TEST, gateway=line.pk, pool=line.pool_id, channel="whatsapp", phone=tested.phone, text="?"
    )
    writes(tested.phone, "llegó")
    assert step() == 0
    assert not DigestItem.objects.exists()


def test_answer_to_a_digest_is_a_conversation_of_the_executives_name(eva: User, writes: Writes) -> None:
    writes(EVA, "gracias")
    step()
    assert Conversation.objects.get(key=person_key(EVA)).name == "Eva Soto"


def test_executive_who_answers_a_digest_with_stop_gets_no_more_and_is_no_debtor(eva: User, writes: Writes) -> None:
    book = Contact.objects.create(
        **contact_values(rut=RUT, name="Eva", phone=EVA), created_at=server_now(), updated_at=server_now()
    )
    writes(EVA, "STOP")  # to nothing
    assert not DigestSetting.objects.exists()
    debtor = make_debtor("Rosa", owner=eva)
    writes(debtor.phone, "hola")
    assert step() == 1
    writes(EVA, "no me escriban más", "gracias")
    assert not DigestSetting.objects.exists()
    writes(EVA, "Stop.")
    assert not DigestSetting.objects.get(user=eva).active
    book.refresh_from_db()
    assert not book.digests
    assert not Suppression.objects.exists()
    assert not Review.objects.exists()
    assert Conversation.objects.get(key=person_key(EVA)).last_text == "Stop."
    # Of a phone that is a debtor's too, what is written counts as theirs.
    make_debtor("Eva", phone=EVA)
    writes(EVA, "BAJA")
    assert Suppression.objects.get().phone == EVA


def test_without_a_connected_session_it_waits(eva: User, writes: Writes, session: Session) -> None:
    writes(make_debtor(owner=eva).phone, "uno")
    Session.objects.update(status="offline")
    assert step() == 0
    assert digests.waiting_readers() == {EVA: 1}
    Session.objects.update(status="connected")
    assert step() == 1


def test_chosen_line_and_pool_alone_send(eva: User, writes: Writes, session: Session) -> None:
    writes(make_debtor(owner=eva).phone, "uno")
    change("digests", {"pool": "Otro"}, actor=None)
    assert step() == 0
    change("digests", {"pool": "Avisos"}, actor=None)
    commands.choose_digests(eva, active=True, every=None, most=None, gateway=ObjectId())
    assert step() == 0
    commands.choose_digests(eva, active=True, every=None, most=None, gateway=session.gateway)
    assert step() == 1


def test_digest_names_so_many_and_counts_the_others_in_its_readers_language(eva: User, writes: Writes) -> None:
    change("digests", {"most": 2, "phones": "full"}, actor=None)
    User.objects.filter(pk=eva.pk).update(language="es")
    for place in range(5):
        writes(make_debtor(f"Deudor {place}", phone=f"+5694444000{place}", owner=eva).phone, f"texto {place}")
    assert step() == 1
    text = sent()[0].text
    assert "• Deudor 0 (+56 9 4444 0000): “texto 0”" in text
    assert "texto 2" not in text
    assert "5 respuestas de sus deudores" in text
    assert "y 3 personas más" in text


def test_replies_while_they_are_off_are_not_told_later(eva: User, writes: Writes) -> None:
    debtor = make_debtor(owner=eva)
    change("digests", {"active": False}, actor=None)
    writes(debtor.phone, "uno")
    assert step() == 0
    assert not DigestCursor.objects.exists()
    change("digests", {"active": True}, actor=None)
    step()
    cursor = DigestCursor.objects.get()
    assert abs((cursor.since.generation_time - server_now()).total_seconds()) < 60


def test_outside_of_its_hours_it_waits(eva: User, writes: Writes) -> None:
    now = server_now()
    day = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")[(now.weekday() + 3) % 7]
    change("digests", {"days": day}, actor=None)
    writes(make_debtor(owner=eva).phone, "uno")
    assert step() == 0
    assert digests.waiting_readers() == {EVA: 1}
