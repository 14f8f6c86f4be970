"""Tiny invented files of each public set, in the layout of the copies and in the publisher's own."""

import gzip
import io
import json
import tarfile
from pathlib import Path

from crisisflow.corpus.sources.background import FOLDERS
from crisisflow.corpus.sources.disaster_response import CATEGORIES

ID = "1212092628029698048"
SPLITS = ("train", "dev", "test")


def lines(*rows: str, by: str = "\t") -> bytes:
    return ("\n".join(row.replace("|", by) for row in rows) + "\n").encode()


def csv(*rows: str) -> bytes:
    return lines(*rows, by=",")


def tweet(**values: str | list) -> bytes:
    return (json.dumps({"tweet_id": ID, "text": "Storm", "location_mentions": [], **values}) + "\n").encode()


def humaid() -> bytes:
    """The combined archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for split in SPLITS:
            rows = lines("tweet_id|tweet_text|class_label", f"{ID[:-1]}{len(split)}|Storm {split}|caution_and_advice")
            entry = tarfile.TarInfo(f"all_combined/all_{split}.tsv")
            entry.size = len(rows)
            archive.addfile(entry, io.BytesIO(rows))
    return out.getvalue()


def relevant(number: int) -> bytes:
    return lines("tweet_id|text|label", f'{ID[:-2]}{48 + number}|Storm "here|relevant')


WORKERS = "ProVax|ProVax|Neutral"
ON_OFF = "|".join("1" if name == "request" else "0" for name in CATEGORIES)
MESSAGES = [f"id|split|message|genre|{'|'.join(CATEGORIES)}"]
CATEGORY = "caution_and_advice"
ECUADOR = lines(
    "tweet_id|text|timestamp|category|crisis_related|category_a1|category_a2|category_a3",
    f"{ID}|Storm|2016-04-17 08:00:00|{CATEGORY}|yes|{CATEGORY}|{CATEGORY}|{CATEGORY}",
)
SANDY = "Informative: caution or advice"
IDRISI_EVENTS = [f"flood_{number}" for number in range(19)]

# By set, the files in the layout of the copies that this project has. All are passed on gzipped.
COPIES: dict[str, dict[str, bytes]] = {
    "idrisi": {
        "train.jsonl": tweet(**{"event": "flood_0", "class": CATEGORY}),
        "dev.jsonl": tweet(**{"event": "flood_0", "class": CATEGORY, "tweet_id": ID[:-1] + "9"}),
    },
    "crisislex_t26": {
        "crisislex_t26.tsv": lines(
            "tweet_id|event|text|information_source|information_type|informativeness",
            f"{ID}|event_0|Storm|Media|Caution and advice|Not related",
        )
    },
    "crisislex_t6": {"crisislex_t6.tsv": lines("tweet_id|event|text|label", f"{ID}|event_0|Storm|on-topic")},
    "background": {"tweets_background.tsv": lines("source|split|text", "emoji|test|Storm")},
    "neq": {f"2015_Nepal_Earthquake_{split}.tsv": relevant(number) for number, split in enumerate(SPLITS)},
    "neq_damaged": {f"2015_Nepal_Earthquake_{split}.tsv": relevant(number) for number, split in enumerate(SPLITS)},
    "qfl": {f"2013_Queensland_Floods_{split}.tsv": relevant(number) for number, split in enumerate(SPLITS)},
    "fire16": {"fire16_labelled.tsv": lines("tweet_id|split|text|classes", f"{ID}|train|Storm|1,6")},
    "smerp17": {"smerp17_labelled.tsv": lines("tweet_id|split|text|classes", f"{ID}|train|Storm|1,3")},
    "ecuador_en": {"2016_ecuador_eq_en.tsv": ECUADOR},
    "ecuador_es": {"2016_ecuador_eq_es.tsv": ECUADOR},
    "chile": {
        "ChileEarthquakeT1.tsv": lines("tweet_id|text|label|date|time", f"{ID}|Storm|relevant|2/27/2010|1:00:00")
    },
    "sositaly": {
        "SoSItalyT4.tsv": lines(
            "tweet_id|text|created_at|disaster|class", f"{ID}|Storm|Tue Nov 19 10:11:23 +0000 2013|0|damage"
        )
    },
    "crisisnlp_lrec2016": {
        "crisisnlp_lrec2016_crowdflower.tsv": lines(
            "tweet_id|event|text|label|label_confidence", f"{ID}|event_0|Storm|{CATEGORY}|"
        )
    },
    "crisisnlp_sandy": {
        "crisisnlp_swdm2013_sandy.tsv": lines(
            "unit_id|text|type_of_message|type_confidence|eyewitness|eyewitness_confidence", f"9001|Storm|{SANDY}|1||"
        )
    },
    "need_offer": {
        "need_offer_tweets.tsv": lines(
            "tweet_id|event|label|text|label_origin", f"{ID}|2015_Nepal_Earthquake|need|Storm|published_gold"
        )
    },
    "need_offer_other": {"nepal_need_offer_other.tsv": lines("split|label|text", "val|need|Storm")},
    "crowdflower": {
        "crowdflower_dfe.tsv": lines(
            "unit_id|keyword|location|text|choose_one|confidence|choose_one_gold", "9001|car%20crash||Storm|Relevant|1|"
        )
    },
    "kaggle": {"kaggle_nlp_getting_started_train.tsv": lines("id|keyword|location|text|target", "9001|||Storm|1")},
    "covidsenti": {"covidsenti.tsv": lines("subset|sentiment|text", "A|neu|Storm")},
    "corona_nlp": {"corona_nlp_test.tsv": lines("tweet_at|location|text|sentiment", "13-03-2020||Storm|Neutral")},
    "poddar": {
        "poddar_stance.tsv": lines("tweet_id|part|text|label|label1|label2|label3", f"{ID}|2020|Storm|ProVax|{WORKERS}")
    },
    "cotfas": {"cotfas_stance.tsv": lines("tweet_id|text|label", f"{ID}|Storm|ProVax")},
    "sad": {"sad_v1.tsv": lines("sID|sentence|is_stressor|is_covid|top_label|Source", "9001|Storm|1|0|Work|Inquire")},
    "disaster_response": {
        "disaster_response_validation_test.tsv": lines(*MESSAGES, f"9001|validation|Storm|direct|{ON_OFF}")
    },
}

# By set, the files in the publisher's own layout. The first post is the same as that of the copies.
PUBLISHED: dict[str, dict[str, bytes]] = {
    "idrisi": {
        f"gold-random-json/{event}/{split}.jsonl": tweet(
            humAID_class=CATEGORY, tweet_id=f"{ID[:-2]}{number}", user_id="1"
        )
        for number, (event, split) in enumerate(((event, split) for event in IDRISI_EVENTS for split in SPLITS[:2]), 48)
    },
    "crisislex_t26": {
        f"CrisisLexT26/event_{number}/event_{number}-tweets_labeled.csv": csv(
            "Tweet ID| Tweet Text| Information Source| Information Type| Informativeness",
            f'"{ID[:-2]}{48 + number}"|"Storm"|Media|Caution and advice|Not related',
        )
        for number in range(26)
    },
    "crisislex_t6": {
        f"event_{number}/event_{number}-ontopic_offtopic.csv": csv(
            "tweet id| tweet| label", f"'{ID[:-2]}{48 + number}'|\"Storm\"|on-topic"
        )
        for number in range(6)
    },
    "background": {
        f"datasets/{folder}/{split}_text.txt": b"Storm\n"
        for folder in FOLDERS.removesuffix("|stance/hilary").split("|")
        for split in ("train", "val", "test")
    },
    "neq": {f"nepal/{name}": content for name, content in COPIES["neq"].items()},
    "neq_damaged": {f"nepal/{name}": content for name, content in COPIES["neq_damaged"].items()},
    "qfl": {f"queensland/{name}": content for name, content in COPIES["qfl"].items()},
    "fire16": {
        f"labelled_tweets_{split}.json": json.dumps({own: {"tweet_text": "Storm", "classes": [1, 6]}}).encode()
        for split, own in (("train", ID), ("test", ID[:-1] + "9"))
    },
    "sositaly": {
        "Cresci-SWDM15.csv": csv(
            '"id"|"text"|"source"|"user_id"|"latitude"|"created_at"|"disaster"|"class"',
            f'"{ID}"|"Storm"|"web"|"1"|NULL|"2013-11-19T10:11:23.000Z"|"0"|"damage"',
        )
    },
    "crisisnlp_lrec2016": {
        f"event_{number}/{number}_CF_labeled_data.tsv": lines(
            "tweet_id|tweet_text|label", f"'{ID[:-2]}{48 + number}'|Storm|{CATEGORY}"
        )
        for number in range(12)
    },
    "need_offer": {
        f"INPUT/{place}_{kind}.txt": f"{ID[:-2]}{number}<||>Storm\n".encode()
        for number, (place, kind) in enumerate(
            ((place, kind) for place in ("nepal", "italy", "chennai") for kind in ("needs", "offers")), 48
        )
    },
    "need_offer_other": {
        "ft/val_nepal": b"__label__1 [CLS] Storm [SEP]\n",
        "ft/test_nepal": b"__label__0 [CLS] Storm [SEP]\n",
    },
    "crowdflower": {
        "socialmedia-disaster-tweets-DFE.csv": csv(
            "_unit_id|_golden|choose_one|choose_one:confidence|keyword|text|tweetid",
            "9001|FALSE|Relevant|1|car%20crash|Storm|6.29E+17",
        )
    },
    "kaggle": {"train.csv": csv("id|keyword|location|text|target", "9001|||Storm|1"), "test.csv": b""},
    "covidsenti": {f"COVIDSenti-{part}.csv": csv("tweet|label", "Storm|neu") for part in "ABC"},
    "corona_nlp": {
        "Corona_NLP_test.csv": csv(
            "UserName|ScreenName|Location|TweetAt|OriginalTweet|Sentiment", "1|2||13-03-2020|Storm|Neutral"
        )
    },
    "poddar": {
        "our_data/data_2020.csv": csv("id|tweet|majority_label|label1|label2|label3", f"{ID}|Storm|ProVax|{WORKERS}"),
        "our_labelled_data_additional.csv": csv(
            "id|tweet|majority_label|label1|label2|label3", f"{ID[:-1]}9|Storm||ProVax|AntiVax|Neutral"
        ),
    },
    "cotfas": {"cotfas_data/cotfas.csv": csv("id|tweet|label", f"{ID}|Storm|ProVax")},
    "sad": {"SAD_v1.csv": csv("sID|sentence|is_stressor|is_covid|top_label|Source", "9001|Storm|1|0|Work|Inquire")},
    "disaster_response": {
        f"disaster_response_{split}.csv": csv(*MESSAGES, f"{own}|{split}|Storm|direct|{ON_OFF}")
        for split, own in (("validation", "9001"), ("test", "9002"))
    },
}


def put(folder: Path, files: dict[str, bytes], packed: bool = False) -> Path:
    """Write the files, gzipped or not; returns the folder."""
    for name, content in files.items():
        path = folder / (f"{name}.gz" if packed else name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(content, mtime=0) if packed else content)
    return folder
