"""Ordinary English tweets of TweetEval (Barbieri et al. 2020); the label `source` is the task that each is from."""

from crisisflow.corpus.sources.formats import layout, table, texts
from crisisflow.corpus.sources.layout import Part
from crisisflow.corpus.sources.posts import Post, Record, split_of

TOPICS = ("abortion", "atheism", "climate", "feminist", "hillary")
TASKS = ("emoji", "emotion", "hate", "irony", "offensive", "sentiment")
LABELS = {"source": (*TASKS, *(f"stance_{topic}" for topic in TOPICS))}
# One of the folders has had two spellings.
FOLDERS = "|".join((*TASKS, *(f"stance/{topic}" for topic in TOPICS), "stance/hilary"))


def post(row: Record) -> Post:
    source = row["source"].replace("/", "_").replace("hilary", "hillary")
    return Post(f"background:{row['number']}", row["text"], (("source", source),), "en", official_split=split_of(row))


LAYOUTS = (
    layout((Part("tweets_background.tsv"),), table("\t", ("source", "split", "text")), post),
    layout((Part(f"<source:{FOLDERS}>/<split:train|val|test>_text.txt", 33),), texts, post),
)
