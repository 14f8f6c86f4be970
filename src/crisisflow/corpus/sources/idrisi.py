"""IDRISI-R, English, random split (Suwaileh et al. 2023): HumAID tweets with location mentions.

Here text, class, and whether a tweet names a place.
"""

import json
import zlib
from pathlib import Path

from crisisflow.corpus.sources.posts import Post, Rows, open_text, snowflake_time
from crisisflow.errors import CrisisflowError

FILES = ("train.jsonl.gz", "dev.jsonl.gz")
_YES_NO = {True: "yes", False: "no"}


def read(folder: Path) -> Rows:
    """The tweets with their class, and as `has_location` (yes or no) whether people marked a place in them.

    The places themselves are gold spans: annotation/gold.py reads these.
    """
    for name in FILES:
        number = 0
        try:
            with open_text(folder / name) as stream:
                for line in stream:
                    number += 1
                    tweet = json.loads(line)
                    yield Post(
                        tweet["tweet_id"],
                        tweet["text"],
                        (("class", tweet["class"]), ("has_location", _YES_NO[bool(tweet["location_mentions"])])),
                        "en",
                        tweet["event"],
                        snowflake_time(tweet["tweet_id"]),
                        name.partition(".")[0],
                    )
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            raise CrisisflowError(f"{folder / name}, line {number}: not a tweet of IDRISI-R ({error!r})") from error
        except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
            raise CrisisflowError(f"cannot read {folder / name} ({error}); fetch it again") from error
