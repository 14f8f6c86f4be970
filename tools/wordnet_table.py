"""Make the table of WordNet that the study analytics has embedded, from the distribution's files.

    python tools/wordnet_table.py SOURCE

SOURCE is a tar archive with `index.*`, `data.*` and `cntlist.rev` of WordNet 3.0 (Debian's wordnet-base), whose licence
stands beside the table. A line is a lemma of one word, and behind a tab the first lemma of one word of its most
frequent synset, where that is another. Frequencies are the counts of `cntlist.rev`; at equal ones the order of the
parts of speech (noun, verb, adjective, adverb) and of WordNet's own senses decides.
"""

import gzip
import re
import sys
import tarfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

TABLE = Path(__file__).parents[1] / "src/crisisflow/studies/analytics/data/wordnet.tsv.gz"
PARTS = {"noun": "1", "verb": "2", "adj": "3", "adv": "4"}  # and the number of each in a sense key
SATELLITE = "5"  # an adjective too
WORD = re.compile("[a-z]+")


def lines_of(archive: tarfile.TarFile, name: str) -> Iterator[str]:
    """The lines of a file of WordNet but for its licence, whose lines begin with blanks."""
    (member,) = (own for own in archive.getmembers() if own.name.rpartition("/")[2] == name)
    for line in archive.extractfile(member).read().decode("ascii").splitlines():
        if not line.startswith(" "):
            yield line


def counts_of(archive: tarfile.TarFile) -> Counter[tuple[str, str, int]]:
    """How often each lemma, part of speech and number of the sense stands in the semantic concordances."""
    counts: Counter[tuple[str, str, int]] = Counter()
    names = {number: part for part, number in PARTS.items()} | {SATELLITE: "adj"}
    for line in lines_of(archive, "cntlist.rev"):
        key, sense, count = line.split()
        lemma, _, rest = key.partition("%")
        counts[lemma, names[rest[0]], int(sense)] += int(count)
    return counts


def first_lemmas(archive: tarfile.TarFile, part: str) -> dict[str, str | None]:
    """The first lemma of one word of each synset, by the synset's offset."""
    found = {}
    for line in lines_of(archive, f"data.{part}"):
        fields = line.split()
        lemmas = fields[4 : 4 + 2 * int(fields[3], 16) : 2]
        lower = (lemma.partition("(")[0].lower() for lemma in lemmas)  # an adjective's position stands in brackets
        found[fields[0]] = next((lemma for lemma in lower if WORD.fullmatch(lemma)), None)
    return found


def last(lemma: str, first: dict[str, str]) -> str:
    """The end of the chain of first lemmas; of a circle its first member by the alphabet."""
    chain = [lemma]
    while (following := first[chain[-1]]) not in chain:
        chain.append(following)
    return min(chain[chain.index(following) :])


def table(archive: tarfile.TarFile) -> dict[str, str]:
    """For each lemma the first one of its most frequent synset, at the end of its chain."""
    counts = counts_of(archive)
    best: dict[str, tuple[int, str]] = {}
    for part in PARTS:
        heads = first_lemmas(archive, part)
        for line in lines_of(archive, f"index.{part}"):
            fields = line.split()
            lemma = fields[0]
            if not WORD.fullmatch(lemma):
                continue
            offset = fields[-int(fields[2])]  # the offsets end the line, the most frequent sense first
            count = counts[lemma, part, 1]
            if lemma not in best or count > best[lemma][0]:
                best[lemma] = (count, heads[offset] or lemma)
    firsts = {lemma: first for lemma, (_, first) in sorted(best.items())}
    return {lemma: last(lemma, firsts) for lemma in firsts}


def write(source: Path, out: Path = TABLE) -> None:
    """Write the table; the same source gives the same bytes."""
    with tarfile.open(source) as archive:
        found = table(archive)
    lines = (lemma if lemma == first else f"{lemma}\t{first}" for lemma, first in found.items())
    content = "".join(f"{line}\n" for line in lines).encode("ascii")
    with out.open("wb") as file, gzip.GzipFile("", "wb", 9, file, 0) as packed:
        packed.write(content)
    print(f"{len(found):,} lemmas, {out.stat().st_size:,} bytes")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
