"""agencies.yaml: who may be told, where they act, and by which channels."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from crisisflow.errors import CrisisflowError
from crisisflow.ingest.routing.areas import Area, Territory, territory
from crisisflow.ingest.typed_yaml import Duration, fault, read
from crisisflow.params import Line, Name, Section

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SECRET_PREFIX = "whsec_"  # of a secret of Standard Webhooks


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"there is no time zone {name!r}; write it as Europe/Rome") from None
    return name


def _clock(value: object) -> object:
    if not isinstance(value, str):
        raise ValueError('a time of day is a text in quotes: "08:30"')
    return value


def _secret_file(value: str) -> str:
    if value.startswith(SECRET_PREFIX):
        raise ValueError("the secret itself stands there; write it to a file and name the file")
    return value


def _http(value: str) -> str:
    try:
        parts = urlsplit(value)
        named = bool(parts.hostname) and parts.port != 0
    except ValueError:
        named = False
    if not named or parts.scheme not in ("http", "https"):
        raise ValueError("not an address of http or https")
    if parts.username or parts.password:
        raise ValueError("a password stands in the address; leave it out")
    return value


def _mail(value: str) -> str:
    name, _, host = value.rpartition("@")
    if not name or not host or any(letter.isspace() or letter in "<>,;" for letter in value):
        raise ValueError("not an e-mail address")
    return value


Clock = Annotated[time, BeforeValidator(_clock)]
SecretFile = Annotated[Line, AfterValidator(_secret_file)]
MailAddress = Annotated[Line, AfterValidator(_mail)]


class Hours(Section):
    """When an agency is reached; `until` before `from` goes over midnight."""

    days: Annotated[tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...], Field(min_length=1)] = DAYS
    from_: Clock = Field(alias="from")
    until: Clock
    zone: Annotated[str, AfterValidator(_zone)]

    def holds(self, at: datetime) -> bool:
        """Whether a time is within them. A shift over midnight counts by the day on which it began."""
        local = at.astimezone(ZoneInfo(self.zone))
        now, today = local.time(), DAYS[local.weekday()]
        if self.from_ <= self.until:
            return today in self.days and self.from_ <= now < self.until
        yesterday = DAYS[local.weekday() - 1]
        return (today in self.days and now >= self.from_) or (yesterday in self.days and now < self.until)


class Sending(Section):
    """What all channels share.

    `name` tells the channels of an agency apart. Retries end after `give_up_after`. `rate` is in messages a second.
    """

    name: Name
    form: Literal["json", "cap"] = "json"
    give_up_after: Duration = 86_400
    timeout: Duration = 10
    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    rate: Annotated[float, Field(gt=0, le=10_000)] = 100.0


class Webhook(Sending):
    """A POST, signed as the Standard Webhooks specification says; two secrets while one is changed."""

    channel: Literal["webhook"]
    url: Annotated[Line, AfterValidator(_http)]
    secrets: Annotated[tuple[SecretFile, ...], Field(min_length=1, max_length=2)]
    private_addresses: bool = False
    authority: Line | None = Field(None, description="a file with the certificates that are trusted instead")


class Email(Sending):
    """A message by SMTP with STARTTLS."""

    channel: Literal["email"]
    to: MailAddress
    sender: MailAddress
    server: Line
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    user: Line | None = None
    password: SecretFile | None = None
    authority: Line | None = Field(None, description="a file with the certificates that are trusted instead")

    @model_validator(mode="after")
    def _both(self) -> "Email":
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password are needed together")
        return self


class Folder(Sending):
    """A file for each message in a folder; with `feed` also an Atom feed of them."""

    channel: Literal["folder"]
    folder: Line
    feed: bool = False


class Own(Sending):
    """A receiver of another package: an entry point of the group crisisflow.receivers."""

    channel: Literal["own"]
    receiver: Name
    options: dict[str, Any] = {}


Channel = Annotated[Webhook | Email | Folder | Own, Field(discriminator="channel")]


class Agency(Section):
    """An agency. Outside of its hours its escalation is told instead."""

    name: Line
    kind: Name
    area: Area
    hours: Hours | None = None
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]
    escalation: Name | None = None
    personal_data: bool = False

    @model_validator(mode="after")
    def _told_apart(self) -> "Agency":
        names = [own.name for own in self.channels]
        if len({*names}) < len(names):
            raise ValueError("two channels have the same name")
        return self


class Cap(Section):
    """How messages of the Common Alerting Protocol are marked: a Test until this says otherwise, and never Public."""

    sender: Annotated[Line, Field(pattern=r"^[^\s,<&]+$")]
    status: Literal["Actual", "Exercise", "System", "Test", "Draft"] = "Test"
    scope: Literal["Restricted", "Private"] = "Restricted"
    restriction: Line = "for the addressed agencies"


class Links(Section):
    """Links by which agencies acknowledge: `deliver` answers at host and port, and the team's proxy at the address.

    The secret is as one of a webhook: base64 of 24 to 64 bytes.
    """

    address: Annotated[Line, AfterValidator(_http)]
    secret: SecretFile
    host: Line = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65_535, description="0 takes a free one, which is said")] = 8_103


class Agencies(Section):
    """All agencies by id.

    `desk` is told what no agency covers and what cannot be delivered. `watched` are places that each kind of agency
    named by a rule must cover.
    """

    desk: Name
    cap: Cap | None = None
    links: Links | None = None
    watched: list[str] = []
    agencies: Annotated[dict[Name, Agency], Field(min_length=1)]


class Directory:
    """Agencies with their areas looked up."""

    def __init__(self, content: Agencies, territories: Mapping[str, Territory]) -> None:
        self.content, self.territories = content, territories

    def of_kind(self, kind: str) -> Iterator[str]:
        """The ids of a kind, in the order of the file."""
        return (name for name, own in self.content.agencies.items() if own.kind == kind)

    def reached(self, agency: str, at: datetime) -> str:
        """The agency, or outside of its hours the first of its escalations that is within its own.

        Where none is, the agency itself: it is told all the same.
        """
        name: str | None = agency
        seen: set[str] = set()
        while name and name not in seen:
            own = self.content.agencies[name]
            if own.hours is None or own.hours.holds(at.astimezone(UTC)):
                return name
            seen.add(name)
            name = own.escalation
        return agency


def read_agencies(path: Path, kinds: Mapping[str, str]) -> Directory:
    """Read and check.

    Args:
        kinds: those of the ontology.

    Raises:
        CrisisflowError: it does not fit, names an unknown kind, agency or place, has a damaged polygon, or two agencies
            of one kind have equal claims.
    """
    content = read(path, Agencies)
    if content.desk not in content.agencies:
        raise fault(path, ["desk"], f"there is no agency {content.desk}")
    territories: dict[str, Territory] = {}
    for name, own in content.agencies.items():
        keys = ["agencies", name]
        if own.kind not in kinds:
            raise fault(path, [*keys, "kind"], f"{own.kind} is not a kind of agency; there are: {', '.join(kinds)}")
        if own.escalation is not None and own.escalation not in content.agencies:
            raise fault(path, [*keys, "escalation"], f"there is no agency {own.escalation}")
        if own.escalation == name:
            raise fault(path, [*keys, "escalation"], "an agency does not escalate to itself")
        for number, channel in enumerate(own.channels):
            if channel.form == "cap" and content.cap is None:
                raise fault(path, [*keys, "channels", number, "form"], "CAP messages need the section cap: its sender")
            if channel.channel == "folder" and channel.feed and channel.form != "cap":
                raise fault(path, [*keys, "channels", number, "feed"], "a feed has messages of the form cap")
        try:
            territories[name] = territory(own.area, path.parent)
        except CrisisflowError as error:
            raise fault(path, [*keys, "area"], str(error)) from None
        for other in territories.keys() - {name}:
            if content.agencies[other].kind == own.kind and (why := territories[other].equals(territories[name])):
                raise fault(
                    path, [*keys, "area"], f"{other} and {name} are of the kind {own.kind} and have equal claims: {why}"
                )
    return Directory(content, territories)
