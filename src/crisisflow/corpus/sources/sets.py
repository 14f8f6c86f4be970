"""The public sets that can be read, by name."""

from collections.abc import Callable
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
from crisisflow.corpus.sources.posts import Rows

CRISISNLP_TERMS = "CrisisNLP terms of use: texts are confidential, ids may be shared"


class PublicSet(NamedTuple):
    """A set: its files in one folder, and what reads them."""

    read: Callable[[Path], Rows]
    files: tuple[str, ...]
    terms: str


SETS = {
    "humaid": PublicSet(humaid.read, humaid.FILES, "CC BY-NC-SA 4.0"),
    "idrisi": PublicSet(idrisi.read, idrisi.FILES, "CC BY 4.0; texts and classes are HumAID's, CC BY-NC-SA 4.0"),
    "crisislex_t26": PublicSet(crisislex.read_t26, crisislex.T26_FILES, "MIT"),
    "crisislex_t6": PublicSet(crisislex.read_t6, crisislex.T6_FILES, "MIT"),
    "background": PublicSet(background.read, background.FILES, "those of each task of TweetEval"),
    "neq": PublicSet(relevance.read_neq, relevance.NEQ_FILES, CRISISNLP_TERMS),
    "qfl": PublicSet(relevance.read_qfl, relevance.QFL_FILES, CRISISNLP_TERMS),
    "fire16": PublicSet(microblog_tracks.read_fire16, microblog_tracks.FIRE16_FILES, "FIRE 2016 Microblog track"),
    "smerp17": PublicSet(microblog_tracks.read_smerp17, microblog_tracks.SMERP17_FILES, "SMERP 2017 track"),
    "ecuador_en": PublicSet(ecuador.read_en, ecuador.EN_FILES, "MIT"),
    "ecuador_es": PublicSet(ecuador.read_es, ecuador.ES_FILES, "MIT"),
    "chile": PublicSet(chile.read, chile.FILES, "MIT"),
    "sositaly": PublicSet(sositaly.read, sositaly.FILES, "none stated"),
    "crisisnlp_lrec2016": PublicSet(crisisnlp.read_lrec2016, crisisnlp.LREC2016_FILES, CRISISNLP_TERMS),
    "crisisnlp_sandy": PublicSet(crisisnlp.read_sandy, crisisnlp.SANDY_FILES, CRISISNLP_TERMS),
    "need_offer": PublicSet(requests_offers.read_need_offer, requests_offers.NEED_OFFER_FILES, "MIT"),
    "need_offer_other": PublicSet(requests_offers.read_need_offer_other, requests_offers.OTHER_FILES, "none stated"),
    "crowdflower": PublicSet(
        disasters_on_social_media.read_crowdflower,
        disasters_on_social_media.CROWDFLOWER_FILES,
        'CrowdFlower "Data for Everyone"',
    ),
    "kaggle": PublicSet(
        disasters_on_social_media.read_kaggle, disasters_on_social_media.KAGGLE_FILES, "Kaggle competition data"
    ),
    "covidsenti": PublicSet(covid.read_covidsenti, covid.COVIDSENTI_FILES, "none stated; asks to be cited"),
    "corona_nlp": PublicSet(covid.read_corona_nlp, covid.CORONA_NLP_FILES, "Kaggle"),
    "poddar": PublicSet(covid.read_poddar, covid.PODDAR_FILES, "GPL-3.0"),
    "cotfas": PublicSet(covid.read_cotfas, covid.COTFAS_FILES, "GPL-3.0"),
    "sad": PublicSet(sad.read, sad.FILES, "MIT"),
    "disaster_response": PublicSet(disaster_response.read, disaster_response.FILES, "CC BY 4.0"),
}
