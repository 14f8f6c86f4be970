"""The section of params.yaml that is this study's."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from crisisflow.params import (
    AlignmentParams,
    Count,
    Fault,
    Line,
    Name,
    ParamsSection,
    Positive,
    Rate,
    Seed,
    SharedParams,
    refuse,
    repeated,
)

# Folders of results/humaid_ner/rows that hold the trainings beside the rows (workflow/rules/humaid_ner).
BESIDE_THE_ROWS = ("fewer_tweets", "unseen_events")


class ModelParams(ParamsSection):
    """The heads. The encoder and the weighting are a row's."""

    dropout: Annotated[float, Field(ge=0, lt=1, description="before the linear layer of the classification head")]


class StageParams(ParamsSection):
    """One stage of a schedule: linear warm-up, then linear decay to zero."""

    epochs: Positive
    warmup_steps: Count


class TwoStageParams(ParamsSection):
    """Stage 1 trains all layers, stage 2 freezes a row's lower layers; each has its own optimizer and warm-up."""

    stage1: StageParams
    stage2: StageParams


class TrainingParams(ParamsSection):
    """The training settings that all rows share."""

    tweets: Annotated[Positive | Literal["all"], Field(description="training tweets used, stratified by class; or all")]
    single: StageParams
    two_stage: TwoStageParams
    batch_size: Positive
    learning_rate: Annotated[float, Field(gt=0)]
    log_variance_learning_rate: Annotated[
        float, Field(gt=0, description="learning rate of s; the paper names none of its own")
    ]
    betas: Annotated[tuple[Rate, Rate], Field(strict=False)]  # YAML has no tuples
    weight_decay: Annotated[float, Field(ge=0)]
    clip_norm: Annotated[float, Field(gt=0)]
    gradient_cosine_every: Annotated[
        Count, Field(description="steps between looks at the cosine of the two tasks' gradients; 0 never looks")
    ]


class NegativesParams(ParamsSection):
    """Ordinary tweets from which a row learns to mark nothing; they are of class not_humanitarian."""

    band: Annotated[
        str,
        Field(
            pattern=r"^[A-Za-z0-9_]+$",
            description="which of the mined ones, such as random or 3sigma_upper: docs/studies/difficult_negatives.md",
        ),
    ]
    tweets: Annotated[Positive, Field(description="how many; they are beside humaid_ner.training.tweets")]


class RowParams(ParamsSection):
    """One row of the ablation."""

    encoder: Annotated[Line, Field(description="embedded:NAME, hub NAME@REVISION, or a local folder")]
    layers: Annotated[Positive | None, Field(description="keep this many lower encoder layers; null keeps all")]
    tasks: Annotated[
        Literal["joint", "ner", "cls"], Field(description="joint trains both; a task left out has no loss and no s")
    ]
    weighting: Annotated[
        Literal["fixed", "kendall", "kendall_classification", "kendall_optimal", "dwa", "gradnorm", "pcgrad"],
        Field(
            description="kendall is the paper's Eq. 4; kendall_classification does not halve the losses; "
            "kendall_optimal sets s to its optimum in each step"
        ),
    ]
    schedule: Literal["single", "two_stage"]
    freeze_layers: Annotated[Count, Field(description="lower layers frozen in stage 2")]
    freeze_embeddings: Annotated[bool, Field(description="whether stage 2 freezes the embeddings too")]
    frozen_dropout: Annotated[
        bool,
        Field(description="whether dropout goes on in frozen layers (the paper's form); false makes them constant"),
    ]
    negatives: Annotated[
        NegativesParams | None, Field(description="mined ordinary tweets, beside the training tweets; null for none")
    ]

    def facts(self) -> dict[str, Any]:
        """The row as config.json has it: without negatives, if it has none, as rows were written before there were."""
        return self.model_dump(exclude={"negatives"} if self.negatives is None else None)

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> "RowParams":
        """The row that a config.json has."""
        return cls.model_validate({"negatives": None, **facts})

    @model_validator(mode="after")
    def _frozen_layers_are_there(self) -> "RowParams":
        if self.layers is not None and self.freeze_layers > self.layers:
            raise ValueError(f"freeze_layers is {self.freeze_layers} but layers keeps {self.layers}")
        return self

    @model_validator(mode="after")
    def _weighting_needs_two_tasks(self) -> "RowParams":
        if self.tasks != "joint" and self.weighting in ("dwa", "gradnorm", "pcgrad"):
            raise ValueError(f"weighting {self.weighting} balances two tasks, and tasks is {self.tasks}: use fixed")
        return self

    @model_validator(mode="after")
    def _freezing_needs_a_second_stage(self) -> "RowParams":
        if self.schedule == "single" and (self.freeze_layers or self.freeze_embeddings or not self.frozen_dropout):
            raise ValueError(
                "freeze_layers, freeze_embeddings and frozen_dropout act in stage 2: use schedule two_stage, "
                "or 0, false and true"
            )
        return self


class LearningCurveParams(ParamsSection):
    """Rows trained again on fewer tweets."""

    rows: list[Name]
    tweets: Annotated[
        list[Positive], Field(description="training tweets of each point, all below humaid_ner.training.tweets")
    ]

    @model_validator(mode="after")
    def _each_once(self) -> "LearningCurveParams":
        return refuse(self, repeated(self, "rows", "tweets"))


class LeaveOneEventOutParams(ParamsSection):
    """Rows trained again without an event, and scored on that event."""

    rows: list[Name]
    events: Annotated[list[Name], Field(description="events of the corpus; each is left out in turn")]

    @model_validator(mode="after")
    def _each_once(self) -> "LeaveOneEventOutParams":
        return refuse(self, repeated(self, "rows", "events"))


class EvaluationParams(ParamsSection):
    """What is trained besides the rows, to learn how far their scores carry; an empty list leaves it out."""

    learning_curve: LearningCurveParams
    leave_one_event_out: LeaveOneEventOutParams


class HumaidNerParams(ParamsSection):
    """HUMAID-NER, paper 1."""

    alignment: AlignmentParams
    model: ModelParams
    training: TrainingParams
    rows: Annotated[dict[Name, RowParams], Field(min_length=1)]
    seeds: Annotated[list[Seed], Field(min_length=1)]
    evaluation: EvaluationParams

    @model_validator(mode="after")
    def _parts_fit(self) -> "HumaidNerParams":
        return refuse(self, [*repeated(self, "seeds"), *self._faults_of_rows(), *self._faults_of_the_curve()])

    def _faults_of_rows(self) -> Iterator[Fault]:
        if "floor" in self.rows:
            yield ("rows", "floor"), "the tables have a floor of their own; give the row another name"
        for name in BESIDE_THE_ROWS:
            if name in self.rows:
                place = f"results/humaid_ner/rows/{name}"
                yield ("rows", name), f"{place} holds trainings beside the rows; give the row another name"
        for name, part in self.evaluation:
            if absent := [row for row in part.rows if row not in self.rows]:
                known = ", ".join(self.rows)
                yield ("evaluation", name, "rows"), f"no row is called {', '.join(absent)}; there are: {known}"
            lists = [values for _, values in part]
            if any(lists) and not all(lists):  # a stage of a row would make nothing
                yield ("evaluation", name), "one of its two lists is empty; fill both, or empty both"

    def _faults_of_the_curve(self) -> Iterator[Fault]:
        most = self.training.tweets
        sizes = self.evaluation.learning_curve.tweets
        if beyond := [str(tweets) for tweets in sizes if most != "all" and tweets >= most]:
            keys = ("evaluation", "learning_curve", "tweets")
            yield keys, f"{', '.join(beyond)} not below humaid_ner.training.tweets, which is {most}"


class StudyParams(SharedParams):
    """What the tables, cards and report of this study show: the shared sections and its own, and no other study's."""

    humaid_ner: HumaidNerParams
