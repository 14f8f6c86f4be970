"""Graph: the word graphs of a setting, of a share of the labels and a seed."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from crisisflow.errors import CrisisflowError
from crisisflow.inputs import InputFile
from crisisflow.params import Name, Seed
from crisisflow.pretrained import load_encoder, load_tokenizer
from crisisflow.progress import say
from crisisflow.studies.gnom.cooccurrence import (
    Chunk,
    chunk_of,
    cooccurrences,
    frequencies,
    nodes_of,
    numbers_of,
)
from crisisflow.studies.gnom.corpus import GraphTexts, as_words, named_by, texts_of
from crisisflow.studies.gnom.edges import edges_of
from crisisflow.studies.gnom.graph_files import WordGraph, write_graph
from crisisflow.studies.gnom.graph_statistics import share_of_nodes, statistics
from crisisflow.studies.gnom.params import (
    EncoderParams,
    GraphChanges,
    Percentage,
    SetParams,
    SettingParams,
    SplitsParams,
    WordGraphParams,
)
from crisisflow.studies.gnom.sets import training_of
from crisisflow.studies.gnom.stop_words import stop_tokens, stop_words
from crisisflow.studies.gnom.words import Pieces, WordIds, means_of, name_of, words_in

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

AT_ONCE = 10_000  # texts that are tokenised together


class Tokens(NamedTuple):
    """The tokens of the texts of one set in one language; the language is None where it is unknown."""

    set: str
    language: str | None
    chunks: list[Chunk]


class Corpus:
    """The texts of a graph as tokens, and the encoder's vectors of tokens, which are read once they are wanted."""

    def __init__(self, encoder: str, texts: GraphTexts, whole_words: bool) -> None:
        self.encoder = encoder
        self.tokenizer = load_tokenizer(encoder)
        self.own = list(tokens_of(self.tokenizer, texts))
        self.vocabulary = len(self.tokenizer)
        self.words: WordIds | None = None
        if whole_words:
            self.words = words_in(self.tokenizer, self.chunks)
            self.own = [part._replace(chunks=[*map(self.words.chunk, part.chunks)]) for part in self.own]
            self.vocabulary = self.words.size
        self._vectors: np.ndarray | None = None

    @property
    def chunks(self) -> list[Chunk]:
        """Those of all parts."""
        return [chunk for part in self.own for chunk in part.chunks]

    def vectors(self, nodes: np.ndarray) -> np.ndarray:
        """Rows of the encoder's input embedding; of a word of several subwords their mean: [nodes, d].

        Raises:
            CrisisflowError: the encoder has no row for each token of its tokenizer.
        """
        if self._vectors is None:
            table = load_encoder(self.encoder, 1).get_input_embeddings().weight.detach().numpy()
            if len(table) < len(self.tokenizer):
                raise CrisisflowError(
                    f"encoder {self.encoder!r} has {len(table):,} vectors for the {len(self.tokenizer):,} tokens "
                    "of its tokenizer, so its graph has no edges by similarity; say similarity: never"
                )
            self._vectors = table
        return means_of(self._vectors, self.pieces(nodes))

    def pieces(self, nodes: np.ndarray) -> list[Pieces]:
        """The tokens of each node: one, or those of a word."""
        return [(own,) if self.words is None else self.words.pieces(own) for own in nodes.tolist()]

    def chunk(self, texts: Sequence[Sequence[int]]) -> Chunk:
        """Token ids of texts as what may be nodes."""
        own = chunk_of(texts)
        return own if self.words is None else self.words.chunk(own)

    def nodes(self, params: WordGraphParams, languages: Iterable[str]) -> tuple[np.ndarray, np.ndarray]:
        """The ids of the tokens that are nodes [nodes], and the frequency of each token [vocabulary]."""
        frequency = frequencies(self.chunks, self.vocabulary)
        excluded = {*self.tokenizer.all_special_ids}
        if params.stop_words == "spacy":
            for language in languages:
                excluded |= stop_tokens(self.tokenizer, stop_words(language), self.words)
        if self.words is not None:  # what is no known word
            excluded.add(self.words.size - 1)
        return nodes_of(frequency, params.minimum_frequency, excluded), frequency

    def occurs(self, nodes: np.ndarray, parts: Iterable[Tokens]) -> np.ndarray:
        """Whether each node stands in a text of these parts: booleans [nodes]."""
        return frequencies((chunk for part in parts for chunk in part.chunks), self.vocabulary)[nodes] > 0


def corpus_of(encoder: str, texts: GraphTexts, params: WordGraphParams) -> Corpus:
    """The tokens of the texts, of which the graph may take the words alone."""
    return Corpus(encoder, as_words(texts) if params.texts == "words" else texts, params.nodes == "word")


def tokens_of(tokenizer: "PreTrainedTokenizerBase", texts: GraphTexts) -> Iterator[Tokens]:
    """The tokens of the texts, without special ones."""
    for part in texts.of_sets:
        for language in sorted({*part.languages}, key=str):
            own = [text for text, other in zip(part.texts, part.languages, strict=True) if other == language]
            yield Tokens(part.set, language, [chunk_of(ids) for ids in tokenized(tokenizer, own)])


def tokenized(tokenizer: "PreTrainedTokenizerBase", texts: Sequence[str]) -> Iterator[list[list[int]]]:
    """The token ids of each text, without special ones and uncut, in batches."""
    for begin in range(0, len(texts), AT_ONCE):
        part = list(texts[begin : begin + AT_ONCE])
        yield tokenizer(part, add_special_tokens=False, return_attention_mask=False, verbose=False)["input_ids"]


def adds_similarity(params: WordGraphParams, languages: Sequence[str]) -> bool:
    """Whether edges of similar vectors are added in a setting of these languages."""
    return params.similarity == "always" or (params.similarity == "crosslingual" and len(languages) > 1)


def graph_facts(
    params: WordGraphParams, encoder: str, setting: str, share: int, seed: int, similarity: bool
) -> dict[str, Any]:
    """What a graph is made from, as the files of a graph say it."""
    own = {key: value for key, value in params.model_dump().items() if key != "edge_weights"}
    return {**own, "similarity": similarity, "encoder": encoder, "setting": setting, "share": share, "seed": seed}


def build(
    corpus: Corpus, params: WordGraphParams, languages: Sequence[str], similarity: bool, where: str
) -> tuple[WordGraph, dict[str, Any]]:
    """The graph and its numbers (graph_statistics).

    Raises:
        CrisisflowError: no token is a node.
    """
    began = time.monotonic()
    nodes, frequency = corpus.nodes(params, languages)
    if not len(nodes):
        raise CrisisflowError(
            f"{where}: the word graph has no node: no token but stop words occurs {params.minimum_frequency} times; "
            "lower word_graph.minimum_frequency, or give more texts"
        )
    pairs = cooccurrences(corpus.chunks, nodes, corpus.vocabulary, params.window)
    counted = time.monotonic()
    vectors = corpus.vectors(nodes) if similarity else None
    read = time.monotonic()
    edges = edges_of(pairs, len(nodes), vectors, params.normalisation, params.tau)
    say(
        f"{where}: {len(nodes):,} nodes, {len(edges.first):,} edges; co-occurrence {counted - began:.1f} s, vectors "
        f"{read - counted:.1f} s, edges {time.monotonic() - read:.1f} s"
    )
    names = sorted({part.set for part in corpus.own})
    by_set = {name: corpus.occurs(nodes, (own for own in corpus.own if own.set == name)) for name in names}
    sets = [[name for name in names if by_set[name][at]] for at in range(len(nodes))]
    of_languages = [
        corpus.occurs(nodes, (own for own in corpus.own if own.language == language)) for language in languages
    ]
    pieces = corpus.pieces(nodes)
    tokens = [name_of(corpus.tokenizer.convert_ids_to_tokens(list(own))) for own in pieces]
    graph = WordGraph(pieces, tokens, frequency[nodes], sets, edges)
    return graph, statistics(edges, len(nodes), params.tau, of_languages)


def run(
    name: Name,
    setting: SettingParams,
    sets_params: dict[Name, SetParams],
    splits: SplitsParams,
    encoder: dict[Name, EncoderParams],
    word_graph: WordGraphParams,
    graphs: dict[Name, GraphChanges],
    share: Percentage,
    seed: Seed,
    sets: Sequence[InputFile],
    out: Path,
) -> None:
    """Write the graphs, each into a folder of its name in `out`.

    Args:
        name: of the setting
        setting: section gnom.settings.NAME
        sets_params: section gnom.sets
        splits: section gnom.splits
        encoder: section gnom.encoder
        word_graph: section gnom.word_graph
        graphs: section gnom.graphs
        share: of the training part, in per cent
        sets: of the step read_set

    Raises:
        CrisisflowError: the encoder is not to be had, or has no vectors for its tokens; or a graph has no node.
    """
    training = training_of(sets, setting, splits.training_tweets, share, seed)
    unlabelled, languages = named_by(setting, sets_params)
    encoder_name = encoder[setting.encoder].name
    known: dict[tuple[bool, int | str, str, str], tuple[GraphTexts, Corpus]] = {}
    for graph, changes in graphs.items():
        params = changed(word_graph, changes)
        which = params.rest_of_training, params.unlabelled
        kind = *which, params.texts, params.nodes
        if kind not in known:
            found = texts_of(sets, setting, unlabelled, languages, training, *which, seed)
            known[kind] = found, corpus_of(encoder_name, found, params)
        texts, corpus = known[kind]
        similarity = adds_similarity(params, languages)
        where = f"setting {name}, graph {graph}, {share} %, seed {seed}"
        built, numbers = build(corpus, params, languages, similarity, where)
        of_node = numbers_of(corpus.nodes(params, languages)[0], corpus.vocabulary)
        shares = {
            part: share_of_nodes(map(corpus.chunk, tokenized(corpus.tokenizer, own.texts)), of_node)
            for part, own in (("train", training.train), ("test", training.test))
        }
        facts = {
            "setting": name,
            "graph": graph,
            "share": share,
            "seed": seed,
            "similarity": similarity,
            "training_tweets": texts.training,
            "unlabelled_tweets": texts.unlabelled,
            "training_left_out": texts.training_left_out,
            "unlabelled_left_out": texts.left_out,
            "share_of_nodes": shares,
        }
        own = graph_facts(params, encoder_name, name, share, seed, similarity)
        write_graph(out / graph, built, own, {**numbers, **facts})


def changed(word_graph: WordGraphParams, changes: Mapping[str, Any]) -> WordGraphParams:
    """The parameters of a graph that differs from word_graph in some keys."""
    return WordGraphParams.model_validate(word_graph.model_dump() | dict(changes))
