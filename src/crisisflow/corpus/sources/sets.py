"""The public sets that can be read, by name."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from crisisflow.corpus.sources import (
    background,
    chile,
    covid,
    crisislex,
    crisisnlp,
    disaster_response,
    disasters_on_social_media,
    ecuador,
    humaid,
    idrisi,
    microblog_tracks,
    relevance,
    requests_offers,
    sad,
    sositaly,
)
from crisisflow.corpus.sources.layout import Layout, SourceFile, find
from crisisflow.corpus.sources.posts import Dropped, Rows
from crisisflow.errors import CrisisflowError

CRISISNLP_TERMS = "CrisisNLP terms of use: texts are confidential, ids may be shared"


class PublicSet(NamedTuple):
    """A set: its layouts, the values that each task may have, and the terms that its publisher states.

    A task without values is checked by the reader.
    """

    layouts: tuple[Layout, ...]
    labels: Mapping[str, tuple[str, ...]]
    terms: str

    @property
    def confidential(self) -> bool:
        """Whether its texts may not be passed on."""
        return self.terms == CRISISNLP_TERMS


SETS = {
    "humaid": PublicSet(humaid.LAYOUTS, humaid.LABELS, "CC BY-NC-SA 4.0"),
    "idrisi": PublicSet(idrisi.LAYOUTS, idrisi.LABELS, "CC BY 4.0; texts and classes are HumAID's, CC BY-NC-SA 4.0"),
    "crisislex_t26": PublicSet(crisislex.T26_LAYOUTS, crisislex.T26_LABELS, "MIT"),
    "crisislex_t6": PublicSet(crisislex.T6_LAYOUTS, crisislex.T6_LABELS, "MIT"),
    "background": PublicSet(background.LAYOUTS, background.LABELS, "those of each task of TweetEval"),
    "neq": PublicSet(relevance.NEQ_LAYOUTS, relevance.LABELS, CRISISNLP_TERMS),
    "neq_damaged": PublicSet(relevance.NEQ_DAMAGED_LAYOUTS, relevance.LABELS, CRISISNLP_TERMS),
    "qfl": PublicSet(relevance.QFL_LAYOUTS, relevance.LABELS, CRISISNLP_TERMS),
    "fire16": PublicSet(microblog_tracks.FIRE16_LAYOUTS, microblog_tracks.FIRE16_LABELS, "FIRE 2016 Microblog track"),
    "smerp17": PublicSet(microblog_tracks.SMERP17_LAYOUTS, microblog_tracks.SMERP17_LABELS, "SMERP 2017 track"),
    "ecuador_en": PublicSet(ecuador.EN_LAYOUTS, ecuador.LABELS, "MIT"),
    "ecuador_es": PublicSet(ecuador.ES_LAYOUTS, ecuador.LABELS, "MIT"),
    "chile": PublicSet(chile.LAYOUTS, chile.LABELS, "MIT"),
    "sositaly": PublicSet(sositaly.LAYOUTS, sositaly.LABELS, "none stated"),
    "crisisnlp_lrec2016": PublicSet(crisisnlp.LREC2016_LAYOUTS, crisisnlp.LREC2016_LABELS, CRISISNLP_TERMS),
    "crisisnlp_sandy": PublicSet(crisisnlp.SANDY_LAYOUTS, crisisnlp.SANDY_LABELS, CRISISNLP_TERMS),
    "need_offer": PublicSet(requests_offers.NEED_OFFER_LAYOUTS, requests_offers.NEED_OFFER_LABELS, "MIT"),
    "need_offer_other": PublicSet(requests_offers.OTHER_LAYOUTS, requests_offers.OTHER_LABELS, "none stated"),
    "crowdflower": PublicSet(
        disasters_on_social_media.CROWDFLOWER_LAYOUTS,
        disasters_on_social_media.CROWDFLOWER_LABELS,
        'CrowdFlower "Data for Everyone"',
    ),
    "kaggle": PublicSet(
        disasters_on_social_media.KAGGLE_LAYOUTS, disasters_on_social_media.KAGGLE_LABELS, "Kaggle competition data"
    ),
    "covidsenti": PublicSet(covid.COVIDSENTI_LAYOUTS, covid.COVIDSENTI_LABELS, "none stated; asks to be cited"),
    "corona_nlp": PublicSet(covid.CORONA_NLP_LAYOUTS, covid.CORONA_NLP_LABELS, "Kaggle"),
    "poddar": PublicSet(covid.PODDAR_LAYOUTS, covid.PODDAR_LABELS, "GPL-3.0"),
    "cotfas": PublicSet(covid.COTFAS_LAYOUTS, covid.COTFAS_LABELS, "GPL-3.0"),
    "sad": PublicSet(sad.LAYOUTS, sad.LABELS, "MIT"),
    "disaster_response": PublicSet(disaster_response.LAYOUTS, disaster_response.LABELS, "CC BY 4.0"),
}


def files_of(name: str, root: Path) -> tuple[Layout, list[SourceFile]]:
    """The layout that the set `name` has at `root`, and its files; raises what `find` raises."""
    return find(name, SETS[name].layouts, root)


def rows_of(name: str, root: Path, layout: Layout, files: list[SourceFile]) -> Rows:
    """The posts of a set in the order of its files, each label a value of the set.

    Raises:
        CrisisflowError: a file is damaged or of another form, or a value is not one of the set.
    """
    known = SETS[name].labels
    for where, row in layout.read(root, files):
        if not isinstance(row, Dropped):
            for task, value in row.labels:
                if known.get(task) and value not in known[task]:
                    raise CrisisflowError(f"{where}: {task} is none of {', '.join(known[task])}")
        yield where, row
