"""Tables of the labels: the paper's numbers of section 4, how far the labellers agree, and what agreement costs."""

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from crisisflow.reporting.exhibits import NOT_PRINTED, NOT_RUN, TOO_FEW
from crisisflow.reporting.over_seeds import NOTHING
from crisisflow.studies.actionable_help.labels import IRRELEVANT, LABELS, OFFER, REQUEST
from crisisflow.studies.actionable_help.params import ActionableHelpParams
from crisisflow.studies.actionable_help.reproduction import paper_table

Agreement = Mapping[str, Any]  # the content of agreement.json
LabelScores = Mapping[str, Any]  # the content of label_scores.json

# The labels as the paper prints them.
PRINTED = dict(zip(("Request", "Offer", "Request and Offer", "Irrelevant"), LABELS, strict=True))
NO_PEOPLE = "no people's labels"


def _interval(found: Mapping[str, Any]) -> str:
    """The 95 % interval of a share or kappa, or why there is none."""
    if found["value"] is None:
        return TOO_FEW
    return "the same in all resamples" if found["low"] is None else f"{found['low']:.3f} to {found['high']:.3f}"


def _value(found: float | None) -> str:
    return TOO_FEW if found is None else f"{found:.3f}"


def table_of_labelling(agreement: Agreement, scores: LabelScores, params: ActionableHelpParams) -> pd.DataFrame:
    """The numbers of sections 3.2 and 4, and this run's where it has such a number."""
    ours = _of_this_run(agreement, scores, params)
    return pd.DataFrame(
        [
            {
                "Quantity": line["quantity"],
                "Unit": line["unit"] or NOTHING,
                "Section": line["where"],
                "Paper": line["value"],
                "This run": ours.get(line["quantity"], NOT_RUN),
            }
            for line in paper_table("labelling").to_dict("records")
        ]
    )


def _of_this_run(agreement: Agreement, scores: LabelScores, params: ActionableHelpParams) -> dict[str, str]:
    found = {
        "tweets labelled": f"{agreement['tweets']:,}",
        "generative models": str(sum(params.labellers[name].kind == "endpoint" for name in params.agreement.labellers)),
        "agreed (T_agree)": f"{agreement['agreed']:,}",
        **{f"agreed {name}": f"{agreement['labels'][label]['agreed']:,}" for name, label in PRINTED.items()},
        "confidence level": f"{100 * params.validation.confidence:g}",
        "margin of error": f"{100 * params.validation.margin:g}",
        **{f"Cohen's kappa LLMs vs. Human {at}": NO_PEOPLE for at in (1, 2)},
    }
    for own in scores["scores"][:1]:
        found["human sample"] = f"{own['tweets']:,}" if own["kappa"]["passes"] else NO_PEOPLE
        for at, kappa in enumerate(own["kappa"]["passes"].values(), start=1):
            found[f"Cohen's kappa LLMs vs. Human {at}"] = f"{_value(kappa['value'])} ({_interval(kappa)})"
    return found


def table_of_agreement(agreement: Agreement) -> pd.DataFrame:
    """Kappa of each pair of labellers, of all, and on how many tweets of each label all agree."""
    lines = [
        (
            f"{pair['first']} and {pair['second']}",
            _value(pair["kappa"]),
            pair["words"] or NOTHING,
            _value(pair["same"]),
        )
        for pair in agreement["pairs"]
    ]
    fleiss = (
        "all (Fleiss)",
        _value(agreement["fleiss_kappa"]),
        agreement["fleiss_words"] or NOTHING,
        _value(agreement["share"]),
    )
    lines.append(fleiss)
    lines += [
        (f"tweets that a labeller calls {label}", NOTHING, NOTHING, _value(own["share"]))
        for label, own in agreement["labels"].items()
    ]
    return pd.DataFrame(lines, columns=["Labellers, or label", "Kappa", "In words", "Share with the same label"])


def table_of_unseen(scores: Mapping[str, Any]) -> pd.DataFrame:
    """The predictions on an event of which nothing was learnt, by predicted label.

    Args:
        scores: the content of unseen_event.json.
    """
    lines = []
    for label in (REQUEST, OFFER, IRRELEVANT):
        line = {"Predicted label": label, "Precision (paper)": NOT_PRINTED}
        own = scores["predicted"][label] if scores["event"] else None
        for name, heading in (("predicted", "Tweets of the event"), ("drawn", "Drawn"), ("known", "Label known")):
            line[heading] = f"{own[name]:,}" if own else NOT_RUN
        line["Precision (this run)"] = _precision(own) if own else NOT_RUN
        lines.append(line)
    return pd.DataFrame(lines)


def _precision(own: Mapping[str, Any]) -> str:
    share = own["precision"]
    return f"{_value(share['value'])} ({_interval(share)})" if own["known"] else NO_PEOPLE


def table_of_cost(scores: LabelScores) -> pd.DataFrame:
    """What agreement gains and loses, by whatever is known of the tweets."""
    return pd.DataFrame(
        [line for own in scores["scores"] for line in _costs(own)]
        or [("none", scores["note"] or NOTHING, NOTHING, NOTHING)],
        columns=["Truth", "Measure", "Value", "95 % interval"],
    )


def _costs(own: Mapping[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    agreed = own["agreed"]
    shares = {
        "share of tweets that are agreed on": agreed["coverage"],
        "accuracy of the agreed labels": agreed["accuracy"],
        "accuracy of the majority, on all tweets": own["majority"]["accuracy"],
        **{f"accuracy of {name}, on all tweets": found["accuracy"] for name, found in own["labellers"].items()},
        **{f"precision of agreed {label}": found for label, found in agreed["precision"].items()},
        **{f"recall of agreed {label}": found for label, found in agreed["recall"].items()},
        **{f"recall of agreed tweets with a {side}": found for side, found in agreed["recall_sides"].items()},
        **{f"disagreed, of those that are {label}": found for label, found in agreed["lost"].items()},
        **{f"disagreed, of all with a {side}": found for side, found in agreed["lost_sides"].items()},
    }
    kappas = {
        "kappa of the agreed labels": own["kappa"]["settled"],
        **{f"kappa with {name}": found for name, found in own["kappa"]["passes"].items()},
        **{f"kappa of {pair['first']} and {pair['second']}": pair for pair in own["kappa"]["between_passes"]},
        **{f"kappa of {name}": found for name, found in own["kappa"]["labellers"].items()},
    }
    for measure, found in {**shares, **kappas}.items():
        yield own["name"], measure, _value(found["value"]), _interval(found)
