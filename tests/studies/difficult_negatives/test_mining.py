"""Mining: the paper's loop gives the same picks; anchors, curves and bands against numpy by hand."""

import hashlib
import re
import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crisisflow.artifacts import read_json, read_parquet, write_json, write_parquet
from crisisflow.embedding import SentenceEncoder
from crisisflow.errors import CrisisflowError
from crisisflow.studies.difficult_negatives import bands
from crisisflow.studies.difficult_negatives.bands import band_of
from crisisflow.studies.difficult_negatives.collection import POSITIVES, TEST, TRAIN
from crisisflow.studies.difficult_negatives.fitted_curves import shares, without_a_part
from crisisflow.studies.difficult_negatives.mined_negatives import MINED
from crisisflow.studies.difficult_negatives.mining import PART, Anchors, Curve, Search, Wanted, curves_of, top, unit
from crisisflow.studies.difficult_negatives.pool import POOL
from crisisflow.studies.difficult_negatives.search_pool import Crisis, mine
from crisisflow.training.device import open_device
from tests.studies.difficult_negatives.conftest import mined, params

BANDS = ["1sigma", "2sigma", "3sigma", "2sigma_upper", "3sigma_lower", "3sigma_upper"]


def paper_s_loop(z: np.ndarray, wanted: list[Wanted]) -> dict[tuple[str, str], list[list[int]]]:
    """For each setting and class anew: one tweet after the other, until there are enough."""
    found, tested = {}, set()
    for role in (TEST, TRAIN):
        for own in (each for each in wanted if each.role == role):
            taken: set[int] = set()
            picks = []
            for class_id, quota in enumerate(own.quotas):
                chosen = []
                for position in range(len(z)):
                    if len(chosen) == quota:
                        break
                    fits = own.band is None or own.band.holds(z[position : position + 1, class_id])[0]
                    if fits and position not in taken and not (role == TRAIN and position in tested):
                        chosen.append(position)
                        taken.add(position)
                picks.append(chosen)
            found[own.role, own.name] = picks
            if role == TEST:
                tested |= taken
    return found


SETTINGS = st.lists(
    st.tuples(st.sampled_from([TEST, TRAIN]), st.sampled_from(["random", *BANDS])), unique=True, min_size=1, max_size=6
)


@given(SETTINGS, st.integers(1, 4), st.integers(0, 90), st.integers(1, 40), st.integers(0, 2**16), st.data())
def test_one_search_gives_the_picks_of_the_paper_s_loop(settings, classes, tweets, part, seed, data):
    z = np.random.default_rng(seed).normal(scale=1.4, size=(tweets, classes)).round(1)
    wanted = [
        Wanted(name, role, band, tuple(data.draw(st.lists(st.integers(0, 9), min_size=size, max_size=size))))
        for role, name in settings
        for band in [band_of(name)]
        for size in [classes if band else 1]
    ]
    search = Search(wanted)
    for begin in range(0, tweets, part):
        own = z[begin : begin + part]
        search.look(len(own), {"anchor": own})
    expected = paper_s_loop(z, wanted)
    for own, picks in zip(search.wanted, search.picks, strict=True):
        assert picks == expected[own.role, own.name]
    assert search.full == all(
        len(picks) == quota
        for own in wanted
        for picks, quota in zip(expected[own.role, own.name], own.quotas, strict=True)
    )


def test_what_was_looked_at_ends_with_the_last_pick():
    search = Search([Wanted("1sigma", TRAIN, band_of("1sigma"), (2,))])
    search.look(3, {"anchor": np.array([[0.5], [2.0], [1.0]])})
    search.look(2, {"anchor": np.array([[0.0], [0.0]])})
    assert search.examined == [[3]]
    assert [pick.position for pick in search.found()] == [0, 2]


@pytest.mark.parametrize(
    ("name", "inside"),
    [
        ("1sigma", [-1.0, -0.4, 0.0, 1.0]),
        ("2sigma", [-2.0, -1.1, 1.1, 2.0]),
        ("3sigma_upper", [2.1, 3.0]),
        ("3sigma_lower", [-3.0, -2.1]),
        ("nearest_2sigma_upper", [1.1, 2.0]),
    ],
)
def test_a_band_is_a_stretch_of_z_with_its_outer_edge(name, inside):
    values = np.array([-3.1, -3.0, -2.1, -2.0, -1.1, -1.0, -0.4, 0.0, 1.0, 1.1, 2.0, 2.1, 3.0, 3.1])
    assert values[band_of(name).holds(values)].tolist() == inside


def test_bands_and_shares_divide_all_tweets():
    z = np.random.default_rng(1).normal(size=20_000)
    found = shares(z)
    assert sum(own["share"] for own in found.values()) == pytest.approx(1)
    for own in found.values():
        assert own["share"] == pytest.approx(own["normal"], abs=0.01)
        assert own["upper"] + own["lower"] == pytest.approx(own["share"])
    assert band_of("random") is None and band_of("4sigma") is None


def test_anchors_similarities_and_curves_by_hand():
    rng = np.random.default_rng(2)
    positives, tweets = unit(rng.normal(size=(5, 4))), unit(rng.normal(size=(10, 4)))
    anchors = Anchors(positives, [0, 0, 0, 1, 1])
    for class_id, own in enumerate((positives[:3], positives[3:])):
        mean = own.astype(float).mean(axis=0)
        expected = [
            float(tweet @ mean) / np.linalg.norm(mean) / np.linalg.norm(tweet) for tweet in tweets.astype(float)
        ]
        similarities = anchors.similarities(tweets)[:, class_id]
        np.testing.assert_allclose(similarities, expected, atol=1e-6)
        np.testing.assert_array_equal(similarities, similarities.round(6))
        nearest = [max(float(tweet @ each) for each in own) for tweet in tweets]
        np.testing.assert_allclose(anchors.nearest(tweets)[:, class_id], nearest, atol=1e-6)
        curve = curves_of(anchors.similarities(tweets), ["a", "b"])[class_id]
        assert curve.mean == pytest.approx(np.mean(expected), abs=1e-6)
        assert curve.deviation == pytest.approx(np.std(expected, ddof=1), abs=1e-6)
        np.testing.assert_allclose(curve.z(similarities), (similarities - curve.mean) / curve.deviation)


def test_the_z_of_a_rank_is_that_of_a_normal_curve_and_keeps_the_order():
    sample = np.sort(np.random.default_rng(3).gamma(2, size=999))
    curve = Curve(float(sample.mean()), float(sample.std(ddof=1)), sample)
    z = curve.z_of_rank(sample)
    assert (np.diff(z) >= 0).all()
    assert abs(curve.z_of_rank(np.array([sample[499]]))[0]) < 0.01
    assert ((z > 1) & (z <= 2)).mean() == pytest.approx(0.136, abs=0.01)


@given(st.integers(1, 30), st.lists(st.integers(0, 4), min_size=1, max_size=3), st.integers(0, 999))
def test_top_takes_for_each_positive_the_most_similar_tweet_well_below_it(tweets, numbers, seed):
    rng = np.random.default_rng(seed)
    similarities = rng.uniform(0, 1, (tweets, len(numbers))).round(2)
    positives = [rng.uniform(0, 1, number).round(2) for number in numbers]
    taken = {0}
    expected = []
    for class_id, own in enumerate(positives):
        picks = []
        for positive in own:
            free = [at for at in range(tweets) if at not in taken and similarities[at, class_id] <= 0.95 * positive]
            if free:
                picks.append(max(free, key=lambda at: (similarities[at, class_id], -at)))
                taken.add(picks[-1])
        expected.append(picks)
    assert top(similarities, positives, [0]) == expected


def test_every_pick_lies_in_its_band_and_no_tweet_is_in_train_and_test(small_run):
    rows = read_parquet(small_run / "mined.parquet", MINED).to_pylist()
    positives = read_parquet(small_run / "positives.parquet", POSITIVES).to_pylist()
    of_role = {role: {row["text_id"] for row in rows if row["role"] == role} for role in (TRAIN, TEST)}
    assert not of_role[TRAIN] & of_role[TEST]
    assert not (of_role[TRAIN] | of_role[TEST]) & {row["text_id"] for row in positives}
    classes = list(read_json(small_run / "fit.json")["classes"])
    for row in rows:
        band = band_of(row["setting"])
        if band:
            assert band.holds(np.array([row["z"]]))[0]
            assert band.end != "upper" or row["z"] > 0
            assert row["z"] == row["class_z"][classes.index(row["class"])]
    by_setting = {(row["role"], row["setting"]) for row in rows}
    for role, setting in by_setting:
        own = [row["text_id"] for row in rows if (row["role"], row["setting"]) == (role, setting)]
        assert len(own) == len(set(own)) == {TRAIN: 16, TEST: 6}[role] * (10 if setting == "random+" else 1)


def test_the_same_input_gives_the_same_bytes(small_run, tiny_encoder, tmp_path):
    again = mined(small_run, params(tiny_encoder), tmp_path)
    for name in ("mined.parquet", "fit.json", "embeddings.parquet"):
        digests = [hashlib.sha256((folder / name).read_bytes()).hexdigest() for folder in (small_run, again)]
        assert digests[0] == digests[1], name


def hashed(texts):
    """Random vectors, the same for the same text."""
    rngs = [np.random.default_rng([*text.encode()]) for text in texts]
    return np.array([rng.normal(size=6) for rng in rngs], dtype=np.float32)


def baselines(train, test, **values):
    """The picks of settings by role and name, from 700 texts of 1 to 9 words."""
    pool = [f"text {at}" for at in range(700)]
    words = [1 + at % 9 for at in range(700)]
    positives = {role: Crisis([f"{role} {at}" for at in range(12)], [0, 1] * 6, [2, 9] * 6) for role in (TRAIN, TEST)}
    settings = [*((TEST, name) for name in test), *((TRAIN, name) for name in train)]
    found = mine(hashed, pool, words, positives, ["a", "b"], settings, 200, 13, **values)
    by_setting = {}
    for pick in found.picks:
        by_setting.setdefault((pick.role, pick.name), []).append(pick)
    lengths = {key: sorted(words[found.order[pick.position]] for pick in picks) for key, picks in by_setting.items()}
    return found, by_setting, lengths


def test_all_baselines_are_found_in_the_same_search():
    names = ["random_matched", "top", "nearest_2sigma_upper", "percentile_3sigma_upper", "3sigma_upper"]
    found, picks, lengths = baselines([*names, "random"], ["random_matched", "random+", "top"])
    for name in (*names, "random"):
        assert len({pick.position for pick in picks[TRAIN, name]}) == 12
    assert len(picks[TEST, "random+"]) == 120
    of_role = [
        {pick.position for (own, _), each in picks.items() if own == role for pick in each} for role in (TRAIN, TEST)
    ]
    assert not of_role[0] & of_role[1]
    assert lengths[TRAIN, "random_matched"] == lengths[TEST, "random_matched"] == sorted([2, 9] * 6)
    assert lengths[TRAIN, "random"] != sorted([2, 9] * 6)
    place = {position: at for at, position in enumerate(found.positions)}
    for name, scale in (("nearest_2sigma_upper", "nearest"), ("percentile_3sigma_upper", "percentile")):
        z = [found.scored.z[scale][place[pick.position], pick.class_id] for pick in picks[TRAIN, name]]
        assert band_of(name).holds(np.array(z)).all()


def test_a_setting_may_take_more_or_fewer_negatives_for_each_positive():
    names = ["random_quarter", "random", "random_x4", "1sigma_half", "1sigma_x2", "top_x2", "top_half"]
    found, picks, lengths = baselines([*names, "random_matched_x2"], ["random"])
    numbers = {name: len({pick.position for pick in picks[TRAIN, name]}) for name in names}
    assert numbers == dict(zip(names, [3, 12, 48, 6, 24, 24, 6], strict=True))
    assert {pick.position for pick in picks[TRAIN, "random"]} < {pick.position for pick in picks[TRAIN, "random_x4"]}
    assert lengths[TRAIN, "random_matched_x2"] == sorted([2, 9] * 12)
    assert [pick.class_id for pick in picks[TRAIN, "1sigma_half"]] == [0] * 3 + [1] * 3
    assert {found.order[pick.position] for pick in picks[TRAIN, "random"]}.isdisjoint(
        found.order[pick.position] for pick in picks[TEST, "random"]
    )


def test_model_takes_the_tweets_with_the_most_spans_and_then_words():
    marked = [(at % 5, at % 7) for at in range(700)]
    found, picks, _ = baselines(["model", "model_x2"], ["random+"], marked=marked)
    tested = {found.order[pick.position] for pick in picks[TEST, "random+"]}
    free = [marked[at] for at in range(700) if at not in tested]
    for name, number in (("model", 12), ("model_x2", 24)):
        taken = [marked[found.order[pick.position]] for pick in picks[TRAIN, name]]
        assert sorted(taken) == sorted(free)[-number:]
        assert not tested & {found.order[pick.position] for pick in picks[TRAIN, name]}
    with pytest.raises(CrisisflowError, match="model: no first tagger marked the 700 texts of the pool; make both"):
        baselines(["model"], ["random"])


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (bands.checked_train, ["none", "dfe_x2", "nearest_2sigma_lower_half", "model"], ["random+", "4sigma", "x2"]),
        (bands.checked_test, ["random+", "top", "2sigma"], ["none", "model", "random_x2"]),
        (bands.checked_own, ["random_matched_quarter", "percentile_1sigma"], ["none", "dfe", "1sigma_x3"]),
    ],
)
def test_a_name_that_is_no_setting_is_told_which_there_are(check, good, bad):
    assert list(map(check, good)) == good
    for name in bad:
        with pytest.raises(ValueError, match=rf"is called {re.escape(name)}; there are .*1sigma, 2sigma and 3sigma"):
            check(name)


def test_random_negatives_may_have_the_lengths_of_the_positives():
    _, picks, lengths = baselines(["random"], ["random", "random+"], match_length=True)
    assert lengths[TRAIN, "random"] == lengths[TEST, "random"] == sorted([2, 9] * 6)
    assert lengths[TEST, "random+"] == sorted([2, 9] * 60)
    assert all(pick.class_id is None for own in picks.values() for pick in own)


TEXTS = [f"{a} {b} {c}" for a in ("rain", "fire", "song") for b in ("in town", "at noon", "again") for c in range(9)]


@pytest.mark.parametrize("subwords", [1, 7, 60])
def test_the_size_of_a_block_changes_no_pick(tiny_encoder, subwords):
    encoder = SentenceEncoder(str(tiny_encoder), 32, 1, open_device("cpu", 1, 1))
    whole = encoder.embed_in_blocks(TEXTS, 2048)
    np.testing.assert_allclose(encoder.embed_in_blocks(TEXTS, subwords), whole, atol=1e-5)
    np.testing.assert_allclose(encoder.embed(TEXTS), whole, atol=1e-5)
    positives = {role: Crisis(TEXTS[:8], [0, 1] * 4, [3] * 8) for role in (TRAIN, TEST)}

    def picks(size: int):
        found = mine(
            lambda texts: encoder.embed_in_blocks(texts, size),
            TEXTS[8:],
            [3] * len(TEXTS[8:]),
            positives,
            ["a", "b"],
            [(TRAIN, "2sigma"), (TEST, "1sigma"), (TRAIN, "random")],
            40,
            13,
        )
        return found.picks

    assert picks(subwords) == picks(2048)


def constant(texts):
    return np.ones((len(texts), 3), dtype=np.float32)


def varied(texts):
    return np.array([[1, len(text), ord(text[-1])] for text in texts], dtype=np.float32)


@pytest.mark.parametrize(
    ("embed", "crisis", "pool", "setting", "message"),
    [
        (constant, [0, 0], 30, "1sigma", r"the 20 sampled tweets of the pool are equally similar to class storm, so"),
        (varied, [0, 0], 10, "1sigma", r"the pool has 10 tweets and the sample wants 20; lower mining\.sample"),
        (varied, [0], 30, "1sigma", "class storm has 1 of the two positives that it needs; give more"),
        (
            varied,
            [0] * 40,
            30,
            "1sigma",
            r"the pool of 30 tweets has \d+ of the 40 negatives that train\[1sigma\] of c",
        ),
        (
            varied,
            [0] * 40,
            30,
            "random",
            r"has 30 of the 40 negatives that train\[random\] wants; give a larger pool, o",
        ),
        (varied, [0] * 40, 30, "3sigma_upper", r"give a larger pool, both ends in place of one, or fewer positives"),
        (varied, [0] * 40, 30, "random_matched", r"has 30 of the 40 negatives that train\[random_matched\] wants"),
        (varied, [0] * 40, 30, "top", r"has \d+ of the 40 negatives that train\[top\] wants; give a larger pool"),
    ],
)
def test_what_cannot_be_mined_is_refused_in_one_line(embed, crisis, pool, setting, message):
    texts = [f"{'x' * (at % 7)}{chr(97 + at % 26)}" for at in range(pool)]
    own = Crisis([f"{'fire' * (at % 3 + 1)}!" for at in range(len(crisis))], crisis, [1] * len(crisis))
    with pytest.raises(CrisisflowError, match=message) as error:
        mine(embed, texts, [1] * pool, {TRAIN: own}, ["storm"], [(TRAIN, setting)], 20, 13)
    assert "\n" not in str(error.value)


def test_only_as_many_tweets_are_embedded_as_are_looked_at(small_run):
    facts = read_json(small_run / "fit.json")
    last = max(own["tweets"] for own in facts["examined"])
    assert facts["embedded"] == min(-(-max(last, 200) // PART) * PART, facts["pool"])


def test_a_pool_with_a_positive_and_an_encoder_with_few_positions_are_refused(small_run, tiny_encoder, tmp_path):
    rows = read_parquet(small_run / "pool.parquet", POOL).to_pylist()
    crisis = read_parquet(small_run / "positives.parquet", POSITIVES).to_pylist()[0]
    rows[7]["text"] = crisis["text"].upper()
    write_parquet(tmp_path / "pool.parquet", rows, POOL)
    (tmp_path / "positives.parquet").write_bytes((small_run / "positives.parquet").read_bytes())
    with pytest.raises(CrisisflowError, match=f"1 texts with the words of a positive, {rows[7]['text_id']} for one"):
        mined(tmp_path, params(tiny_encoder), tmp_path / "out")
    shutil.copytree(tiny_encoder, tmp_path / "short")
    config = read_json(tmp_path / "short/config.json")
    write_json(tmp_path / "short/config.json", {**config, "max_position_embeddings": 127})
    with pytest.raises(CrisisflowError, match=r"128 subwords of a text are read, but encoder .* takes 127; name"):
        mined(small_run, params(tmp_path / "short"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_search_begins_with_the_sample_of_the_curves(small_run):
    """As the paper's loop does: ledger, entry 28."""
    rows = read_parquet(small_run / "mined.parquet", MINED).to_pylist()
    at = {
        name: [row["position"] for row in rows if (row["role"], row["setting"]) == (TEST, name)]
        for name in ("random", "random+", "1sigma")
    }
    assert at["random"] == list(range(6)) and at["random+"] == list(range(60))
    assert max(at["1sigma"]) < params().mining.sample


def test_an_anchor_without_a_part_of_like_positives_moves_nothing_and_of_unlike_ones_much():
    random = np.random.default_rng(3)
    sample = unit(random.normal(size=(300, 8)))
    same = np.tile(unit(random.normal(size=(1, 8))), (10, 1))
    still = without_a_part(same, sample)
    assert still["least_cosine"] == pytest.approx(1) and still["median_move"] < 1e-4 and still["other_band"] < 0.01
    moved = without_a_part(unit(random.normal(size=(10, 8))), sample)
    assert moved["least_cosine"] < 0.99 and moved["median_move"] > 0.02 and moved["other_band"] > 0.01


def test_the_curves_say_what_a_part_of_the_positives_changes(small_run):
    for own in read_json(small_run / "fit.json")["classes"].values():
        assert 0 < own["without_a_part"]["least_cosine"] <= 1 and 0 <= own["without_a_part"]["other_band"] <= 1
