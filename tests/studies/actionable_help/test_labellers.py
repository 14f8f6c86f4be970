"""Labellers on invented sentences: the four labels and the four traps, what may be learnt from, and labels of files."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crisisflow.corpus.tweet_words import NEAR, tokens
from crisisflow.errors import CrisisflowError
from crisisflow.studies.actionable_help.labelled import Labelled
from crisisflow.studies.actionable_help.labellers import file, prompts, rules, trained, zero_shot
from crisisflow.studies.actionable_help.labels import BOTH, IRRELEVANT, LABELS, OFFER, REQUEST, TRAPS, label_of

GUIDELINE = Path(__file__).parents[3] / "docs" / "studies" / "actionable_help_guideline.md"

SENTENCES = {
    REQUEST: [
        "We need drinking water and tents in Springfield, please help",
        "Does anybody have a boat near the old mill? My parents are stuck",
        "Please donate blood at the town hall",
        "Looking for volunteers to sort boxes tonight",
        "Who can bring insulin to Shelbyville before dark",
        "Still no food at the camp, 40 families here",
        "A family of five is stranded on the roof",
        "Shortage of blankets at the school",
        "how to help: donate via HTTPURL",
        "Send us medicines, nothing has reached us",
    ],
    OFFER: [
        "We are offering free meals to families in Springfield, DM us",
        "I have blankets for anyone who lost their home, message me",
        "Our team can bring clean water to the village tomorrow",
        "Free shelter for neighbours at the church tonight",
        "Company X donates 2 million dollars to the victims",
        "Trucks with relief materials on the way to Shelbyville",
        "The mosque is open, come in for a hot meal",
        "Anyone short of insulin? We have some, call us",
        "RT @USER: City to send rescue teams to the island",
    ],
    BOTH: [
        "We have rice to give away but we need diapers, call the hall",
        "Can offer two spare rooms, looking for baby formula in return",
    ],
    IRRELEVANT: [
        "The earthquake has closed the main road",
        "Officials report 12 injured people in Springfield",
        "Power is back in half of the town",
    ],
}
TRAPPED = {
    "emotional_support": [
        "Praying for everyone in Springfield tonight",
        "Please send your prayers and love to the victims",
        "Offering our deepest condolences to the families",
    ],
    "behavioural_guidance": [
        "Please wear a mask and stay at home",
        "Please help us by staying off the roads",
        "We need everyone to boil the water until Friday",
    ],
    "outdated": [
        "We were offering tents last week but not now",
        "Thank you all, we no longer need water in Springfield",
        "The blankets that we are giving away are all gone",
        "Do not send more clothes, please donate no more",
    ],
    "promotion": [
        "Get 20% off face masks at our shop, help is one click away",
        "Need blankets? Our store in Springfield has a sale",
        "We offer the best tents, order today",
    ],
}


@pytest.mark.parametrize(("label", "text"), [(label, text) for label, own in SENTENCES.items() for text in own])
def test_the_rules_know_requests_and_offers(label, text) -> None:
    (found,) = rules.label([text], ["actionable"])
    assert found.label == label, found.evidence
    assert (label == IRRELEVANT) == (not found.evidence)


@pytest.mark.parametrize(("trap", "text"), [(trap, text) for trap, own in TRAPPED.items() for text in own])
def test_the_rules_do_not_fall_into_the_traps(trap, text) -> None:
    (found,) = rules.label([text], ["actionable"])
    assert found.label == IRRELEVANT, found.evidence


def test_a_veto_of_a_part_leaves_the_rest() -> None:
    text = "Praying for Springfield. We need tents, please help"
    assert rules.label([text], ["actionable"])[0].label == REQUEST
    text = "Please stay safe everyone. Free soup for families at the school"
    assert rules.label([text], ["actionable"])[0].label == OFFER


def test_the_evidence_names_patterns_and_vetoes() -> None:
    (found,) = rules.label(["Need water? Our store has a sale"], ["actionable"])
    assert "price" in found.evidence and "need-item" not in found.evidence
    (found,) = rules.label(["We need water"], ["actionable"])
    assert found.evidence == ("need-item",)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("request: {}", "offer"),
        (
            "request: &one {a: {needs: [x], regex: x}}\noffer: {b: {needs: [x], regex: x}}\n"
            "vetoes: {sarcasm: {c: {needs: [x], regex: x, whole: true}}}",
            "no trap has this name",
        ),
        (
            "request: {a: {needs: [x], regex: x}}\noffer: {a: {needs: [x], regex: x}}\nvetoes: {}",
            "pattern id a is taken already",
        ),
        (
            "request: {a: {needs: [x], regex: 'x?'}}\noffer: {b: {needs: [x], regex: x}}\nvetoes: {}",
            "matches the empty string",
        ),
    ],
)
def test_a_broken_lexicon_is_refused(tmp_path, text, reason) -> None:
    (tmp_path / "mine.yaml").write_text(f"source: me\nlicence: mine\nfragments: {{}}\n{text}\n")
    with pytest.raises(CrisisflowError, match=reason):
        rules.load(("mine",), tmp_path)


def test_an_unknown_lexicon_or_prompt_is_refused() -> None:
    with pytest.raises(CrisisflowError, match="there are actionable"):
        rules.label(["x"], ["actionabel"])
    with pytest.raises(CrisisflowError, match="there are actionable"):
        prompts.load_prompts("other")


def test_the_guideline_has_the_definitions_that_labellers_are_given() -> None:
    said = " ".join(GUIDELINE.read_text(encoding="utf-8").replace("`", "").split())
    told = " ".join(prompts.instruction(prompts.load_prompts("actionable")).split())
    known = prompts.definitions()
    for name, text in {**known.labels, **known.traps}.items():
        assert text in said, name
        assert f"- {name}: {text}" in told
    assert '{"label": "request"}' in told
    assert tuple(known.labels) == LABELS and tuple(known.traps) == TRAPS


def test_the_nearest_sentence_gives_the_label_and_a_margin_makes_it_irrelevant() -> None:
    known = prompts.load_prompts("actionable")
    texts = [
        "We urgently need food and water",
        "Free meals for families, we are offering shelter",
        "Order now, discount",
    ]
    found = zero_shot.label(texts, "embedded:minilm-l6", known, 0.0)
    assert [own.label for own in found] == [REQUEST, OFFER, IRRELEVANT]
    assert found[0].evidence == ("request.need",)
    assert all(0 <= own.confidence <= 2 for own in found)
    assert {own.label for own in zero_shot.label(texts, "embedded:minilm-l6", known, 2.0)} == {IRRELEVANT}


VOCABULARY = ["we", "need", "water", "tents", "free", "soup", "here", "now", "please"]
WORDS = st.lists(st.sampled_from(VOCABULARY), min_size=1, max_size=7)


@settings(max_examples=30, deadline=None)
@given(st.lists(WORDS.map(" ".join), min_size=8, max_size=25), st.integers(2, 4), st.randoms(use_true_random=False))
def test_no_group_crosses_a_fold_and_the_order_of_the_texts_counts_for_nothing(texts, folds, random) -> None:
    try:
        fold = trained.folds_of(texts, folds)
    except CrisisflowError as error:
        assert "need as many groups" in str(error)
        return
    words = [tokens(text) for text in texts]
    for at, own in enumerate(words):
        for other in range(at):
            shared = len(own & words[other]) / len(own | words[other])
            assert shared < NEAR or fold[at] == fold[other]
    assert set(fold.tolist()) == set(range(folds))
    order = list(range(len(texts)))
    random.shuffle(order)
    assert (trained.folds_of([texts[at] for at in order], folds) == fold[order]).all()


def learnable(number: int) -> tuple[list[str], list[str]]:
    """Texts in which one word tells the label, and others tell nothing."""
    generator = np.random.default_rng(3)
    labels = [LABELS[at % 2] for at in range(number)]
    other = [" ".join(f"w{word}" for word in generator.integers(0, 400, 8)) for _ in labels]
    return [
        f"{'need' if label == REQUEST else 'free'} {text}" for label, text in zip(labels, other, strict=True)
    ], labels


def test_a_trained_labeller_learns_and_its_order_counts_for_nothing() -> None:
    texts, labels = learnable(80)
    found = trained.label(texts, texts, labels, "tfidf", 4)
    assert sum(own.label == label for own, label in zip(found, labels, strict=True)) >= 75
    assert all(0.25 <= own.confidence <= 1 for own in found)
    assert trained.label(texts, texts[::-1], labels[::-1], "tfidf", 4) == found


def test_no_text_is_labelled_by_what_learnt_from_it() -> None:
    # Each text has words that no other has: who learnt it by heart would know its label.
    texts = [f"a{at} b{at} c{at} d{at} e{at}" for at in range(60)]
    labels = [LABELS[at % 2] for at in range(60)]
    # nor does a near duplicate in another set give it away
    for learnt in (texts, [f"{text} a{at}" for at, text in enumerate(texts)]):
        found = trained.label(texts, learnt, labels, "tfidf", 5)
        assert sum(own.label == label for own, label in zip(found, labels, strict=True)) < 45


def test_one_label_alone_cannot_be_learnt() -> None:
    texts, labels = learnable(20)
    with pytest.raises(CrisisflowError, match="fewer than two labels"):
        trained.label(texts, texts, [REQUEST] * len(labels), "tfidf", 4)
    with pytest.raises(CrisisflowError, match="need as many groups"):
        trained.label(texts[:2], texts[:2], labels[:2], "tfidf", 5)


def write(path: Path, *lines: str) -> Path:
    path.write_text("tweet_id,label\n" + "\n".join(lines) + "\n")
    return path


def test_labels_of_a_file_are_taken_by_id_and_an_empty_one_is_unusable(tmp_path) -> None:
    path = write(tmp_path / "labels.csv", "2,offer", "1,request", "3,", "9,irrelevant")
    assert file.label(["1", "2", "3"], path) == [Labelled(REQUEST), Labelled(OFFER), Labelled(None)]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["1,request"], "lacks 1 of 2 tweets, 2 for one"),
        (["1,request", "2,Offer"], "line 3: 'Offer' is none of request, offer"),
        (["1,request", "2,offer", "1,offer"], "line 4: tweet 1 has another label"),
        (["1,request,x"], "as many values"),
    ],
)
def test_a_file_that_lacks_tweets_or_has_other_labels_is_refused(tmp_path, lines, reason) -> None:
    with pytest.raises(CrisisflowError, match=reason):
        file.label(["1", "2"], write(tmp_path / "labels.csv", *lines))


def test_a_request_and_an_offer_of_one_set_are_both() -> None:
    assert label_of([REQUEST, OFFER]) == label_of([OFFER, REQUEST, OFFER]) == BOTH
    assert (label_of([OFFER]), label_of([]), label_of([OFFER, IRRELEVANT])) == (OFFER, None, None)
