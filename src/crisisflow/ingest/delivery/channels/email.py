"""The e-mail channel: SMTP with STARTTLS, plain text with the JSON (or CAP) of the message attached."""

import smtplib
import ssl
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

from crisisflow.errors import CrisisflowError
from crisisflow.ingest.delivery.cap import as_cap
from crisisflow.ingest.delivery.channels.secret import read_secret
from crisisflow.ingest.delivery.message import Message
from crisisflow.ingest.delivery.result import Result, line
from crisisflow.ingest.routing.agencies import Cap, Email


def as_email(message: Message, channel: Email, cap: Cap | None) -> EmailMessage:
    """A message as an e-mail. Message-ID is its id; an update refers to the versions before it."""
    from datetime import datetime

    host = channel.sender.rpartition("@")[2]
    mail = EmailMessage()
    mail["From"] = _address("crisisflow", channel.sender)
    mail["To"] = _address("", channel.to)
    opening = {"alert": "", "update": "Update: ", "cancel": "Cancelled: "}[message.kind]
    mail["Subject"] = " ".join(f"[{message.priority}] {opening}{message.headline}".split())
    mail["Date"] = format_datetime(datetime.fromisoformat(message.made))
    mail["Message-ID"] = f"<{message.id}@{host}>"
    if message.references:
        mail["In-Reply-To"] = f"<{message.references[-1].id}@{host}>"
        mail["References"] = " ".join(f"<{own.id}@{host}>" for own in message.references)
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.as_text())
    if channel.form == "cap" and cap is not None:
        mail.add_attachment(as_cap(message, cap), "application", "cap+xml", filename=f"{message.id}.xml")
    else:
        mail.add_attachment(message.as_json(), "application", "json", filename=f"{message.id}.json")
    return mail


def _address(name: str, address: str) -> Address:
    user, _, domain = address.rpartition("@")
    return Address(name, user, domain)


class EmailReceiver:
    """A mailbox. An answer of 4xx is tried again, one of 5xx is final, but for a refused password."""

    def __init__(self, channel: Email, cap: Cap | None, folder: Path) -> None:
        self.channel, self.cap = channel, cap
        self.password = read_secret(folder / channel.password) if channel.password else None
        try:
            self.context = ssl.create_default_context(
                cafile=str(folder / channel.authority) if channel.authority else None
            )
        except (OSError, ssl.SSLError) as error:
            raise CrisisflowError(f"{channel.authority}: no certificates ({error})") from None

    def send(self, message: Message) -> Result:
        """Send a message."""
        mail = as_email(message, self.channel, self.cap)
        try:
            with smtplib.SMTP(self.channel.server, self.channel.port, timeout=self.channel.timeout) as server:
                server.starttls(context=self.context)
                server.ehlo()
                if self.channel.user and self.password is not None:
                    server.login(self.channel.user, self.password)
                server.send_message(mail, self.channel.sender, [self.channel.to])
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
            return _refused(code, said)
        except smtplib.SMTPAuthenticationError as error:  # of the channel, not of this message
            return Result("failed", line(f"{error.smtp_code} the mail server refuses user or password"))
        except smtplib.SMTPResponseException as error:
            return _refused(error.smtp_code, error.smtp_error)
        except (smtplib.SMTPException, OSError) as error:
            return Result("failed", line(f"{type(error).__name__}: {error}"))
        return Result("delivered", "250 accepted")


def _refused(code: int, said: bytes | str) -> Result:
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    final = 500 <= code < 600
    return Result("dead" if final else "failed", line(f"{code} {text}"), ours=final)
