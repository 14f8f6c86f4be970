"""The forms of requests and answers. Offsets count Unicode code points of the text as it was sent."""

import re
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from crisisflow.inference import Findings
from crisisflow.language import TRAINED_ON
from crisisflow.serving.settings import Limits

# A character of which something can be said. Languages differ in what \s has: what only some of them count is named.
SAYS = r"[^\s\x00-\x20\x7f-\xa0\ufeff]"


class Form(BaseModel):
    """Unknown keys are refused, and no type is guessed from another."""

    # `class` is a word of Python's: the field class_ has it as alias.
    model_config = ConfigDict(extra="forbid", strict=True, validate_by_name=True, serialize_by_alias=True)


class Entity(Form):
    """A span of the text; its score is the probability of its least probable label."""

    start: int = Field(ge=0)
    end: int = Field(ge=1)
    text: str
    label: str
    score: float = Field(ge=0, le=1)


class ClassScores(Form):
    """The most probable humanitarian class, and the probability of each."""

    label: str
    score: float = Field(ge=0, le=1)
    scores: dict[str, float]


class Judged(Form):
    """Whether a text is judged: only one in a language that the served row was trained on."""

    language: str | None = Field(
        description="code of ISO 639-1 or 639-3; en also of a text too short or too mixed to tell; null of a blank one"
    )
    judged: bool = Field(description="whether the served row was trained on this language")


class Prediction(Judged):
    """What is found in a text, from one pass; null of a task that the served row does not have, or does not judge."""

    entities: list[Entity] | None
    class_: ClassScores | None = Field(alias="class")
    truncated: bool = Field(description="the text is longer than is read: its end was left out")


class BatchPrediction(Form):
    """One prediction for each text, in their order."""

    predictions: list[Prediction]


class Help(Form):
    """Whether a text requests or offers help: the most probable label, the probability of each, and what of."""

    label: str
    probabilities: dict[str, float]
    resources: list[str]


class Topic(Form):
    """The topic of a text: its number, from 0, and its label, empty where the topic has none."""

    number: int = Field(ge=0)
    label: str


class LabelNames(Form):
    """What can be found; `help` has the labels of requests and offers, `topics` those of topics, by their numbers.

    Each of the two is empty without a model of it.
    """

    entities: list[str]
    classes: list[str]
    help: list[str]
    topics: list[str]


class HelpFacts(Form):
    """The model of requests and offers."""

    name: str = Field(description="the row and its seed")
    trained_on: str = Field(description="the training tweets, in words")
    generated: bool = Field(description="whether they were generated: the answers mean nothing about real tweets then")
    model: str = Field(description="sha256 of the weights, a safetensors file")
    recorded: bool = Field(description="whether dvc.lock names the weights, which are then as it says")


class TopicFacts(Form):
    """The model of topics."""

    name: str = Field(description="how many topics, of which corpus, and the seed")
    trained_on: str = Field(description="the posts of the corpus, in words")
    generated: bool = Field(description="whether they were generated: the topics mean nothing about real tweets then")
    model: str = Field(description="sha256 of the topics, a safetensors file")
    recorded: bool = Field(description="whether dvc.lock names the file, which is then as it says")


class Version(Form):
    """What is served: null of what is not known."""

    version: str
    commit: str | None = Field(description="of the checkout")
    params: str | None = Field(description="sha256 of params.yaml")
    name: str = Field(description="of the shipped model, or the row and its seed")
    trained_on: str = Field(description="the training tweets, in words")
    generated: bool = Field(description="whether they were generated: the answers mean nothing about real tweets then")
    model: str = Field(description="sha256 of the weights: a safetensors file, or the ONNX graph of a shipped model")
    recorded: bool = Field(description="whether dvc.lock names the weights, which are then as it says")
    preset: str | None
    row: str
    seed: str
    runtime: str
    help: HelpFacts | None = Field(description="the model of requests and offers; null where there is none")
    topics: TopicFacts | None = Field(description="the model of topics; null where there is none")
    desk: bool = Field(default=False, description="whether there is a store behind the page")


class RuleSpan(Form):
    """A span that a stage of the annotation found, by which of its rules."""

    start: int
    end: int
    label: str
    source: str
    rule: str


class RuleConflict(Form):
    """A span that lost to another, and the criterion that decided: length, stage, leftmost, label or rule."""

    loser: RuleSpan
    winner: RuleSpan
    decided_by: str


class Opinion(Form):
    """What the rules of the annotation find in a text: a second opinion, not a truth."""

    entities: list[RuleSpan]
    conflicts: list[RuleConflict]


class Health(Form):
    """Whether the process lives."""

    status: str


class Readiness(Health):
    """Whether the server is ready, and with which model."""

    model: str = Field(description="its name, as /v1/version has it")


class Problem(Form):
    """What was wrong, in one line."""

    detail: str


def is_blank(text: str) -> bool:
    """Whether a text has nothing but white space and control characters."""
    return re.search(SAYS, text) is None


def not_blank(text: str) -> str:
    """Refuse a blank text.

    Raises:
        ValueError: it is.
    """
    if is_blank(text):
        raise ValueError("there is no text")
    return text


def text_form(limits: Limits) -> Any:
    """The type of a text within the limits."""
    field = Field(
        max_length=limits.characters,
        description="a tweet, or a longer text; more than white space",
        json_schema_extra={"pattern": SAYS},  # described here, and checked by `not_blank`, which says it in words
    )
    return Annotated[str, field, AfterValidator(not_blank)]


def text_request(limits: Limits) -> type[BaseModel]:
    """The form of a request with one text."""
    return create_model("TextRequest", __base__=Form, text=(text_form(limits), ...))


def within(limits: Limits, texts: Iterable[str]) -> None:
    """Refuse texts that are too long together.

    Raises:
        ValueError: they are.
    """
    if sum(map(len, texts)) > limits.batch_characters:
        raise ValueError(f"the texts of a batch may have {limits.batch_characters:,} characters together")


def batch_request(limits: Limits) -> type[BaseModel]:
    """The form of a request with several."""

    def checked(texts: list[str]) -> list[str]:
        within(limits, texts)
        return texts

    texts = Annotated[list[text_form(limits)], Field(min_length=1, max_length=limits.batch), AfterValidator(checked)]
    return create_model("BatchRequest", __base__=Form, texts=(texts, ...))


def prediction(text: str, found: Findings) -> Prediction:
    """The answer for one text."""
    entities, classes = None, None
    if found.spans is not None:
        entities = [
            Entity(start=start, end=end, text=text[start:end], label=label, score=round(score, 4))
            for start, end, label, score in found.spans
        ]
    if found.probabilities is not None:
        scores = {name: round(score, 4) for name, score in found.probabilities.items()}
        label = max(scores, key=scores.__getitem__)
        classes = ClassScores(label=label, score=scores[label], scores=scores)
    return Prediction(
        entities=entities,
        class_=classes,
        truncated=found.cut,
        language=found.language,
        judged=found.language == TRAINED_ON,
    )
