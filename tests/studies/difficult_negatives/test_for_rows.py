"""Negatives that rows of a joint model want: which they are, and which ordinary tweets the rows are tried on."""

import numpy as np
import pytest

from crisisflow.artifacts import TWEETS, read_json, read_metadata, read_parquet, write_parquet
from crisisflow.corpus.normalise import normalise
from crisisflow.errors import CrisisflowError
from crisisflow.studies.difficult_negatives import for_rows
from crisisflow.studies.difficult_negatives.collection import POSITIVES
from crisisflow.studies.difficult_negatives.for_rows import AS_HUMAID, FOR_ROWS, ORDINARY
from crisisflow.studies.difficult_negatives.joint_rows import asked, compared, wanted
from crisisflow.studies.difficult_negatives.joint_tables import table_of_row_style
from crisisflow.studies.difficult_negatives.mined_negatives import MINED, embeddings_schema
from crisisflow.studies.difficult_negatives.params import RowNegativesParams
from crisisflow.studies.difficult_negatives.pool import POOL
from crisisflow.studies.difficult_negatives.row_style import Texts, style_of
from tests.studies.difficult_negatives.conftest import params

BOTH = [("2sigma_upper", 10), ("random", 7)]


def found(run, corpus, encoder, out, sets=BOTH, ordinary=20, embeddings=None):
    """The negatives by set, and the ordinary tweets."""
    out.mkdir(exist_ok=True)
    for_rows.run(
        corpus / "tweets.parquet",
        *(run / f"{name}.parquet" for name in ("positives", "pool", "mined")),
        embeddings or run / "embeddings.parquet",
        params(encoder).mining,
        [RowNegativesParams(band=band, tweets=tweets) for band, tweets in sets],
        ordinary,
        out / "for_rows.parquet",
        out / "ordinary.parquet",
        out / "style.json",
    )
    rows = read_parquet(out / "for_rows.parquet", FOR_ROWS).to_pylist()
    by_set = {own: [row for row in rows if (row["band"], row["tweets"]) == own] for own in sets}
    return by_set, read_parquet(out / "ordinary.parquet", ORDINARY).to_pylist()


@pytest.fixture(scope="module")
def both(small_run, corpus, tiny_encoder, tmp_path_factory):
    return found(small_run, corpus, tiny_encoder, tmp_path_factory.mktemp("for_rows"))


def test_a_set_has_as_many_as_a_row_wants_evenly_over_the_classes_and_in_its_band(both):
    upper, random = (both[0][own] for own in BOTH)
    assert [row["class"] for row in upper].count("storm") == len(upper) / 2 == 5
    assert all(1 < row["z"] <= 2 for row in upper)
    assert len(random) == 7 and {row["class"] for row in random} == {row["z"] for row in random} == {None}
    assert all(len({row["id"] for row in own}) == len(own) for own in (upper, random))


def test_the_first_tweets_of_the_search_are_taken_as_the_study_s_own_settings_take_them(small_run, both):
    """The study's random negatives are the first of the order that no test has; so are a row's."""
    mined = read_parquet(small_run / "mined.parquet", MINED).to_pylist()
    own = [row["text_id"] for row in mined if (row["role"], row["setting"]) == ("train", "random")]
    assert [row["id"] for row in both[0]["random", 7]] == own[:7]


def test_no_tweet_on_which_anything_is_tried_trains_a_row_and_none_of_any_training_is_tried(
    small_run, corpus, tiny_encoder, tmp_path
):
    """Also where rows and tests want so many that all of the pool is looked at."""
    mined = read_parquet(small_run / "mined.parquet", MINED).to_pylist()
    tests = {row["text_id"] for row in mined if row["role"] == "test"}
    pool = set(read_parquet(small_run / "pool.parquet", POOL)["text_id"].to_pylist())
    left = len(pool) - 250 - len(tests)
    sets, tried = found(small_run, corpus, tiny_encoder, tmp_path, [("random", left)], 250)
    of_row, ordinary = {row["id"] for row in sets["random", left]}, {row["id"] for row in tried}
    assert len(ordinary) == 250 and not ordinary & {row["text_id"] for row in mined}
    assert of_row == pool - ordinary - tests


def test_texts_are_as_they_came_but_for_what_humaid_s_have_lost(small_run, both):
    pool = {row["text_id"]: row for row in read_parquet(small_run / "pool.parquet", POOL).to_pylist()}
    rows = [*both[0]["random", 7], *both[1]]
    assert all(row["text"] == normalise(pool[row["id"]]["original"], AS_HUMAID).text for row in rows)
    assert any(row["text"] != pool[row["id"]]["text"] for row in rows)


def test_a_set_does_not_depend_on_what_other_rows_want(small_run, corpus, tiny_encoder, tmp_path, both):
    alone, _ = found(small_run, corpus, tiny_encoder, tmp_path, [("2sigma_upper", 4), BOTH[0]])
    assert alone[BOTH[0]] == both[0][BOTH[0]]
    assert [row["class"] for row in alone["2sigma_upper", 4]].count("wildfire") == 2


def test_what_was_not_embedded_is_embedded_with_the_same_result(small_run, corpus, tiny_encoder, tmp_path, both):
    """The step mine_bands embeds as far as it searches; here the tweets behind its sample are taken away."""
    path = small_run / "embeddings.parquet"
    width = 32
    read_metadata(path, embeddings_schema(width))
    table = read_parquet(path, embeddings_schema(width))
    pool = read_parquet(small_run / "pool.parquet", POOL)["text_id"].to_pylist()
    order = np.random.default_rng(13).permutation(len(pool))
    kept = {pool[place] for place in order[:200]}
    inside = [positive or own in kept for own, positive in zip(*table.select([0, 1]).to_pydict().values(), strict=True)]
    write_parquet(tmp_path / "few.parquet", table.filter(inside), embeddings_schema(width))
    assert table.num_rows > sum(inside)
    again = found(small_run, corpus, tiny_encoder, tmp_path, embeddings=tmp_path / "few.parquet")
    assert again == both


def test_anchors_are_made_of_the_split_that_rows_learn_from(small_run, corpus, tiny_encoder, tmp_path, both):
    """Crisis tweets on which a row is scored choose no negative: without their embeddings the result is the same."""
    splits = dict(read_parquet(corpus / "tweets.parquet", TWEETS).select(["tweet_id", "split"]).to_pandas().to_numpy())
    positives = read_parquet(small_run / "positives.parquet", POSITIVES).to_pylist()
    anchored = {row["text_id"] for row in positives if row["role"] == "train" and splits[row["text_id"]] == "train"}
    table = read_parquet(small_run / "embeddings.parquet", embeddings_schema(32))
    ids, positive = table.select(["text_id", "positive"]).to_pydict().values()
    kept = [not crisis or own in anchored for own, crisis in zip(ids, positive, strict=True)]
    write_parquet(tmp_path / "few.parquet", table.filter(kept), embeddings_schema(32))
    assert {splits[row["text_id"]] for row in positives if row["role"] == "train"} > {"train"}
    assert found(small_run, corpus, tiny_encoder, tmp_path, embeddings=tmp_path / "few.parquet") == both


def test_a_class_without_a_positive_to_learn_from_is_named():
    crisis = [{"class": "storm", "text_id": "1"}, {"class": "flood", "text_id": "2"}]
    assert for_rows.anchored(crisis, {"1", "2"}) == crisis
    with pytest.raises(CrisisflowError, match="no positive of class flood is in the split train"):
        for_rows.anchored(crisis, {"1"})


def test_the_style_of_what_rows_get_is_told(small_run, corpus, tiny_encoder, tmp_path):
    found(small_run, corpus, tiny_encoder, tmp_path, [("random", 40), ("2sigma_upper", 4)])
    random, few, ordinary = read_json(tmp_path / "style.json")["style"]
    assert [own["texts"] for own in (random, few)] == ["40 negatives of random", "4 negatives of 2sigma_upper"]
    assert (random["tweets"], few["tweets"], ordinary["tweets"]) == (40, 4, 20) and few["given"] is None
    table = table_of_row_style({"style": [random, few, ordinary]}).set_index("Texts")
    assert table["AUC, punctuation alone, as rows get them"].tolist() == [
        f"{random['given']['punctuation']:.3f}",
        "–",
        f"{ordinary['given']['punctuation']:.3f}",
    ]


def test_style_is_that_of_the_texts_as_they_came_and_as_rows_get_them():
    corpus = [f"the river rose by {at} feet." for at in range(60)]
    came = [f"cake number {at} {'!?' * (at % 3 + 1)}" for at in range(50)]
    given = [f"cake number {at}." for at in range(50)]
    (own,) = style_of(corpus, {"cakes": Texts(came, given)}, 13)
    assert (own["texts"], own["tweets"]) == ("cakes", 50)
    assert (own["came"]["punctuation"], own["given"]["punctuation"]) == (1.0, 0.5)


def test_where_no_row_wants_negatives_both_tables_are_empty(small_run, corpus, tmp_path):
    assert found(small_run, corpus, "no encoder is opened", tmp_path, []) == ({}, [])
    assert read_json(tmp_path / "style.json") == {"style": []}


@pytest.mark.parametrize(
    ("sets", "ordinary", "says"),
    [
        ([("3sigma_upper", 600)], 20, r"has \d+ of the 600 negatives of band 3sigma_upper that a row wants"),
        ([("top", 4)], 20, "a row wants top negatives; for rows there are random and the bands"),
        ([("random", 4)], 600, r"has \d+ tweets that nothing is trained on, and .*joint.ordinary is 600"),
    ],
)
def test_what_the_pool_does_not_have_is_refused(small_run, corpus, tiny_encoder, tmp_path, sets, ordinary, says):
    with pytest.raises(CrisisflowError, match=says):
        found(small_run, corpus, tiny_encoder, tmp_path, sets, ordinary)
    assert not list(tmp_path.glob("*.parquet"))


def test_a_row_is_compared_with_the_one_that_is_like_it_but_for_its_negatives():
    plain = {"encoder": "a", "tasks": "joint", "negatives": None}
    some, more = ({"band": "random", "tweets": tweets} for tweets in (10, 20))
    rows = {
        "A": {**plain, "encoder": "b"},
        "B": plain,
        "B-some": {**plain, "negatives": some},
        "B-more": {**plain, "negatives": more},
        "lone": {**plain, "encoder": "c", "negatives": some},
        "tags": {**plain, "tasks": "ner", "negatives": more},
    }
    assert compared(rows) == {"B-some": "B", "B-more": "B", "lone": None}
    assert asked(rows) == ["B", "B-some", "B-more", "lone"]
    assert wanted(rows) == [some, more]
    assert compared({"B": plain}) == {} and asked({"B": plain}) == wanted({"B": plain}) == []
