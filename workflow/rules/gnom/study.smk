# Sets, word graphs and rows. The files of one row, setting, share of the labels and seed have a folder of their own.
from crisisflow.studies.gnom.files import (
    GENERATED_SETS,
    OF_OTHER,
    OF_RUN,
    files_of_graphs,
)

GNOM_GRAPHS = "data/gnom/graphs/{setting}/share{share}-seed{seed}"
GNOM_ROW = "results/gnom/rows/{row}/{setting}/share{share}-seed{seed}"
GNOM_PLAIN = "results/gnom/plain_rows/{row}/{training}/share{share}-seed{seed}"
GNOM_OTHER = "results/gnom/others/{setting}/share{share}-seed{seed}"


rule gnom_generated:
    input:
        templates="src/crisisflow/studies/gnom/generated.yaml",
    output:
        posts=expand("data/gnom/generated/{set}.parquet", set=GENERATED_SETS),
        manifests=expand("data/gnom/generated/{set}.json", set=GENERATED_SETS),
    log:
        "logs/gnom_generated.log",
    benchmark:
        "logs/benchmarks/gnom_generated.tsv"
    params:
        code=code("studies.gnom.generated"),
        generated=section("gnom.generated"),
    message:
        "Generating tweets of three languages"
    shell:
        "crisisflow gnom generated --params {params.generated:q} $(printf -- ' --posts %s' {output.posts})"
        " $(printf -- ' --manifests %s' {output.manifests}) 2>&1 | tee {log} >&2"


# A set is a row: DVC has a stage for each.
rule gnom_read_set:
    input:
        generated=rules.gnom_generated.output.posts,
    output:
        tweets="data/gnom/sets/{row}.parquet",
        manifest="data/gnom/sets/{row}.json",
    log:
        "logs/gnom_read_set-{row}.log",
    benchmark:
        "logs/benchmarks/gnom_read_set-{row}.tsv"
    params:
        axes=over(row="gnom.sets"),
        code=code("studies.gnom.read_set"),
        texts_of=texts_of("gnom.sets"),
        set=section("gnom.sets.{row}"),
        splits=section("gnom.splits"),
    message:
        "Reading the set {wildcards.row}"
    shell:
        "crisisflow gnom read_set --name {wildcards.row} --params {params.set:q} --splits {params.splits:q}"
        " $(printf -- ' --generated %s' {input.generated}) --out {output.tweets} --statistics {output.manifest} 2>&1 | tee {log} >&2"


rule gnom_overlap:
    input:
        sets=every(rules.gnom_read_set.output.tweets),
    output:
        overlap="data/gnom/overlaps/{setting}.parquet",
        found="data/gnom/overlaps/{setting}.json",
    log:
        "logs/gnom_overlap-{setting}.log",
    benchmark:
        "logs/benchmarks/gnom_overlap-{setting}.tsv"
    params:
        axes=over(setting="gnom.settings"),
        code=code("studies.gnom.overlap"),
        setting=section("gnom.settings.{setting}"),
        sets=section("gnom.sets"),
    message:
        "Looking for test tweets of {wildcards.setting} that have a near duplicate in training or unlabelled text"
    shell:
        "crisisflow gnom overlap --name {wildcards.setting} --setting {params.setting:q} --sets-params {params.sets:q}"
        " $(printf -- ' --sets %s' {input.sets}) --out {output.overlap} --statistics {output.found} 2>&1 | tee {log} >&2"


rule gnom_readings:
    input:
        sets=every(rules.gnom_read_set.output.tweets),
    output:
        "data/gnom/readings/{setting}.json",
    log:
        "logs/gnom_readings-{setting}.log",
    benchmark:
        "logs/benchmarks/gnom_readings-{setting}.tsv"
    params:
        axes=over(setting="gnom.settings"),
        code=code("studies.gnom.readings"),
        setting=section("gnom.settings.{setting}"),
        sets=section("gnom.sets"),
        splits=section("gnom.splits"),
        encoder=section("gnom.encoder"),
        word_graph=section("gnom.word_graph"),
    message:
        "Reading the word graph of {wildcards.setting} in other ways"
    shell:
        "crisisflow gnom readings --name {wildcards.setting} --setting {params.setting:q} --sets-params {params.sets:q}"
        " --splits {params.splits:q} --encoder {params.encoder:q} --word-graph {params.word_graph:q}"
        " $(printf -- ' --sets %s' {input.sets}) --out {output} 2>&1 | tee {log} >&2"


rule gnom_graph:
    input:
        sets=every(rules.gnom_read_set.output.tweets),
    output:
        files_of_graphs(GNOM_GRAPHS, PARAMS["gnom"]["graphs"]),
    log:
        "logs/gnom_graph-{setting}-{share}-{seed}.log",
    benchmark:
        "logs/benchmarks/gnom_graph-{setting}-{share}-{seed}.tsv"
    params:
        axes=over(setting="gnom.settings", share="gnom.shares", seed="gnom.seeds"),
        code=code("studies.gnom.graph"),
        setting=section("gnom.settings.{setting}"),
        sets=section("gnom.sets"),
        splits=section("gnom.splits"),
        encoder=section("gnom.encoder"),
        word_graph=section("gnom.word_graph"),
        graphs=section("gnom.graphs"),
        folder=lambda wildcards: GNOM_GRAPHS.format(**wildcards),
    message:
        "Making the word graphs of {wildcards.setting} with {wildcards.share} % of the labels, seed {wildcards.seed}"
    shell:
        "crisisflow gnom graph --name {wildcards.setting} --setting {params.setting:q} --sets-params {params.sets:q}"
        " --splits {params.splits:q} --encoder {params.encoder:q} --word-graph {params.word_graph:q}"
        " --graphs {params.graphs:q} --share {wildcards.share} --seed {wildcards.seed}"
        " $(printf -- ' --sets %s' {input.sets}) --out {params.folder} 2>&1 | tee {log} >&2"


rule gnom_train_row:
    input:
        sets=every(rules.gnom_read_set.output.tweets),
        overlap=rules.gnom_overlap.output.overlap,
        graphs=rules.gnom_graph.output,
    output:
        **{name: f"{GNOM_ROW}/{file}" for name, file in OF_RUN.items()},
    log:
        text="logs/gnom_train_row-{row}-{setting}-{share}-{seed}.log",
        # Not an output: it differs from run to run.
        speed="logs/gnom_train_row-{row}-{setting}-{share}-{seed}-speed.csv",
    benchmark:
        "logs/benchmarks/gnom_train_row-{row}-{setting}-{share}-{seed}.tsv"
    # An accelerator takes one row at a time.
    threads:
        PARAMS["compute"]["threads"] * PARAMS["compute"]["processes"]
        if PARAMS["compute"]["device"] == "cpu"
        else workflow.cores
    # Of a cluster that has them to give; elsewhere nothing counts them.
    resources:
        gpu=(
            PARAMS["compute"]["processes"]
            if PARAMS["compute"]["device"] == "cuda"
            else None
        ),
    params:
        axes=over(
            row="gnom.rows",
            setting="gnom.rows.{row}.settings",
            share="gnom.rows.{row}.shares",
            seed="gnom.seeds",
        ),
        code=code("studies.gnom.train_row"),
        row=section("gnom.rows.{row}"),
        settings=sections("{setting}", of="gnom.settings"),
        sets=section("gnom.sets"),
        splits=section("gnom.splits"),
        encoder=section("gnom.encoder"),
        word_graph=section("gnom.word_graph"),
        graphs=section("gnom.graphs"),
        network=section("gnom.network"),
        classifier=section("gnom.classifier"),
        training=section("gnom.training"),
        compute=section("compute"),
        keep_weights=section("gnom.keep_weights"),
        graph=lambda wildcards: "--graph {}/{}".format(
            GNOM_GRAPHS.format(**wildcards),
            PARAMS["gnom"]["rows"][wildcards.row]["graph"],
        ),
        folder=lambda wildcards, output: Path(output.predictions).parent,
        checkpoint=lambda wildcards: "results/gnom/checkpoints/{row}/{setting}/share{share}-seed{seed}".format(
            **wildcards
        ),
    message:
        "Training row {wildcards.row} on {wildcards.setting} with {wildcards.share} % of the labels, seed {wildcards.seed}"
    shell:
        "crisisflow gnom train_row --name {wildcards.row} --row {params.row:q} --training-name {wildcards.setting}"
        " --settings {params.settings:q} --sets-params {params.sets:q} --splits {params.splits:q}"
        " --encoder {params.encoder:q} --word-graph {params.word_graph:q} --graphs {params.graphs:q}"
        " --network {params.network:q} --classifier {params.classifier:q} --training {params.training:q}"
        " --compute {params.compute:q} --keep-weights {params.keep_weights:q} --share {wildcards.share}"
        " --seed {wildcards.seed} $(printf -- ' --sets %s' {input.sets}) --overlaps {input.overlap} {params.graph}"
        " --checkpoint {params.checkpoint} --out {params.folder} --speed {log.speed} 2>&1 | tee {log.text} >&2"


# Rows without a word graph: nothing that belongs to a graph makes them anew, and one training is scored on all settings
# of its source and encoder.
rule gnom_train_row_plain:
    input:
        sets=every(rules.gnom_read_set.output.tweets),
        overlaps=every(rules.gnom_overlap.output.overlap),
    output:
        **{name: f"{GNOM_PLAIN}/{file}" for name, file in OF_RUN.items()},
    log:
        text="logs/gnom_train_row_plain-{row}-{training}-{share}-{seed}.log",
        # Not an output: it differs from run to run.
        speed="logs/gnom_train_row_plain-{row}-{training}-{share}-{seed}-speed.csv",
    benchmark:
        "logs/benchmarks/gnom_train_row_plain-{row}-{training}-{share}-{seed}.tsv"
    threads:
        PARAMS["compute"]["threads"] * PARAMS["compute"]["processes"]
        if PARAMS["compute"]["device"] == "cpu"
        else workflow.cores
    resources:
        gpu=(
            PARAMS["compute"]["processes"]
            if PARAMS["compute"]["device"] == "cuda"
            else None
        ),
    params:
        axes=over(
            row="gnom.plain_rows",
            training="gnom.plain_rows.{row}.trainings",
            share="gnom.plain_rows.{row}.shares",
            seed="gnom.seeds",
        ),
        code=code("studies.gnom.train_row"),
        row=section("gnom.plain_rows.{row}"),
        settings=picked("gnom.settings", "gnom.plain_rows.{row}.trainings.{training}"),
        sets=section("gnom.sets"),
        splits=section("gnom.splits"),
        encoder=section("gnom.encoder"),
        classifier=section("gnom.classifier"),
        training=section("gnom.training"),
        compute=section("compute"),
        keep_weights=section("gnom.keep_weights"),
        folder=lambda wildcards, output: Path(output.predictions).parent,
        checkpoint=lambda wildcards: "results/gnom/checkpoints/{row}/{training}/share{share}-seed{seed}".format(
            **wildcards
        ),
    message:
        "Training row {wildcards.row} on {wildcards.training} with {wildcards.share} % of the labels, seed {wildcards.seed}"
    shell:
        "crisisflow gnom train_row --name {wildcards.row} --row {params.row:q} --training-name {wildcards.training}"
        " --settings {params.settings:q} --sets-params {params.sets:q} --splits {params.splits:q}"
        " --encoder {params.encoder:q} --classifier {params.classifier:q} --training {params.training:q}"
        " --compute {params.compute:q} --keep-weights {params.keep_weights:q} --share {wildcards.share}"
        " --seed {wildcards.seed} $(printf -- ' --sets %s' {input.sets})"
        " $(printf -- ' --overlaps %s' {input.overlaps})"
        " --checkpoint {params.checkpoint} --out {params.folder} --speed {log.speed} 2>&1 | tee {log.text} >&2"


rule gnom_others:
    input:
        sets=every(rules.gnom_read_set.output.tweets),
        overlap=rules.gnom_overlap.output.overlap,
    output:
        [
            f"{GNOM_OTHER}/{row}/{file}"
            for row in PARAMS["gnom"]["others"]
            for file in OF_OTHER
        ],
    log:
        "logs/gnom_others-{setting}-{share}-{seed}.log",
    benchmark:
        "logs/benchmarks/gnom_others-{setting}-{share}-{seed}.tsv"
    params:
        axes=over(setting="gnom.settings", share="gnom.shares", seed="gnom.seeds"),
        code=code("studies.gnom.others"),
        rows=section("gnom.others"),
        setting=section("gnom.settings.{setting}"),
        sets=section("gnom.sets"),
        splits=section("gnom.splits"),
        encoder=section("gnom.encoder"),
        max_length=section("gnom.training.max_length"),
        folder=lambda wildcards: GNOM_OTHER.format(**wildcards),
    message:
        "Answering {wildcards.setting} without a trained encoder, {wildcards.share} % of the labels, seed {wildcards.seed}"
    shell:
        "crisisflow gnom others --rows {params.rows:q} --setting-name {wildcards.setting} --setting {params.setting:q}"
        " --sets-params {params.sets:q} --splits {params.splits:q} --encoder {params.encoder:q}"
        " --max-length {params.max_length} --share {wildcards.share} --seed {wildcards.seed}"
        " $(printf -- ' --sets %s' {input.sets}) --overlap {input.overlap} --out {params.folder} 2>&1 | tee {log} >&2"
