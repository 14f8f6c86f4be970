# From a corpus to named topics. A corpus is a row; the models of all numbers of topics and seeds run inside its stage.
ANALYTICS_CORPUS = "data/analytics/corpora/{row}"
# Folders of their own: to DVC all models of a corpus are one output.
ANALYTICS_MODEL = "data/analytics/models/{row}/k{k}-seed{seed}"


rule analytics_posts:
    input:
        templates="src/crisisflow/studies/analytics/pandemic_templates.yaml",
        terms="src/crisisflow/studies/analytics/paper/keywords.csv",
        tweets=rules.subset.output.tweets,
    output:
        posts=f"{ANALYTICS_CORPUS}/posts.parquet",
        manifest=f"{ANALYTICS_CORPUS}/posts.json",
    log:
        "logs/analytics_posts-{row}.log",
    benchmark:
        "logs/benchmarks/analytics_posts-{row}.tsv"
    params:
        axes=over(row="analytics.corpora"),
        code=code("studies.analytics.posts"),
        texts_of=texts_of("analytics.corpora"),
        corpus=section("analytics.corpora.{row}"),
    message:
        "Reading the corpus {wildcards.row}"
    shell:
        "crisisflow analytics posts --name {wildcards.row} --params {params.corpus:q} --tweets {input.tweets}"
        " --out {output.posts} --manifest {output.manifest} 2>&1 | tee {log} >&2"


rule analytics_normalise:
    input:
        slang="src/crisisflow/studies/analytics/data/slang.csv",
        wordnet="src/crisisflow/studies/analytics/data/wordnet.tsv.gz",
        lexicons=lexicons("ruler", "places", "disasters", "organisations"),
        posts=rules.analytics_posts.output.posts,
        manifest=rules.analytics_posts.output.manifest,
    output:
        normalised=f"{ANALYTICS_CORPUS}/normalised.parquet",
        protected=f"{ANALYTICS_CORPUS}/protected.json",
        counts=committed(f"{ANALYTICS_CORPUS}/normalise.json"),
    log:
        "logs/analytics_normalise-{row}.log",
    benchmark:
        "logs/benchmarks/analytics_normalise-{row}.tsv"
    params:
        axes=over(row="analytics.corpora"),
        code=code("studies.analytics.normalise"),
        texts_of=texts_of("analytics.corpora"),
        normalise=section("analytics.normalise"),
    message:
        "Normalising the posts of {wildcards.row}"
    shell:
        "crisisflow analytics normalise --posts {input.posts} --manifest {input.manifest} --corpus {wildcards.row}"
        " --params {params.normalise:q} --out {output.normalised} --protected-words {output.protected}"
        " --counts {output.counts} 2>&1 | tee {log} >&2"


rule analytics_terms:
    input:
        normalised=rules.analytics_normalise.output.normalised,
    output:
        terms=f"{ANALYTICS_CORPUS}/terms.parquet",
        documents=f"{ANALYTICS_CORPUS}/documents.parquet",
        counts=committed(f"{ANALYTICS_CORPUS}/terms.json"),
    log:
        "logs/analytics_terms-{row}.log",
    benchmark:
        "logs/benchmarks/analytics_terms-{row}.tsv"
    params:
        axes=over(row="analytics.corpora"),
        code=code("studies.analytics.terms"),
        texts_of=texts_of("analytics.corpora"),
        terms=section("analytics.terms"),
    message:
        "Weighing the terms of {wildcards.row}"
    shell:
        "crisisflow analytics terms --normalised {input.normalised} --corpus {wildcards.row} --params {params.terms:q}"
        " --out {output.terms} --documents {output.documents} --counts {output.counts} 2>&1 | tee {log} >&2"


rule analytics_lda:
    input:
        terms=rules.analytics_terms.output.terms,
        documents=rules.analytics_terms.output.documents,
    output:
        model=f"{ANALYTICS_MODEL}/model.safetensors",
        facts=f"{ANALYTICS_MODEL}/model.json",
    log:
        "logs/analytics_lda-{row}-{k}-{seed}.log",
    benchmark:
        "logs/benchmarks/analytics_lda-{row}-{k}-{seed}.tsv"
    params:
        axes=over(
            row="analytics.corpora",
            k="analytics.lda.sweep",
            seed="analytics.lda.seeds",
        ),
        code=code("studies.analytics.lda"),
        lda=section("analytics.lda"),
    message:
        "Training {wildcards.k} topics of {wildcards.row} with seed {wildcards.seed}"
    shell:
        "crisisflow analytics lda --terms {input.terms} --documents {input.documents} --corpus {wildcards.row}"
        " --k {wildcards.k} --seed {wildcards.seed} --params {params.lda:q} --out {output.model} --facts {output.facts}"
        " 2>&1 | tee {log} >&2"


rule analytics_coherence:
    input:
        model=rules.analytics_lda.output.model,
        facts=rules.analytics_lda.output.facts,
        terms=rules.analytics_terms.output.terms,
        documents=rules.analytics_terms.output.documents,
    output:
        "data/analytics/coherence/{row}/k{k}-seed{seed}.json",
    log:
        "logs/analytics_coherence-{row}-{k}-{seed}.log",
    benchmark:
        "logs/benchmarks/analytics_coherence-{row}-{k}-{seed}.tsv"
    params:
        axes=over(
            row="analytics.corpora",
            k="analytics.lda.sweep",
            seed="analytics.lda.seeds",
        ),
        code=code("studies.analytics.coherence"),
        top=section("analytics.lda.top"),
    message:
        "Scoring {wildcards.k} topics of {wildcards.row} with seed {wildcards.seed}"
    shell:
        "crisisflow analytics coherence --model {input.model} --facts {input.facts} --terms {input.terms}"
        " --documents {input.documents} --corpus {wildcards.row} --top {params.top} --out {output} 2>&1 | tee {log} >&2"


rule analytics_choose_k:
    input:
        coherences=expand(
            rules.analytics_coherence.output[0],
            k=PARAMS["analytics"]["lda"]["sweep"],
            seed=PARAMS["analytics"]["lda"]["seeds"],
            allow_missing=True,
        ),
    output:
        chosen=f"{ANALYTICS_CORPUS}/k.json",
        table=report(
            "results/analytics/k/{row}.csv",
            caption="../../report/analytics/k.rst",
            category="Tables",
            labels={"table": "k", "corpus": "{row}"},
        ),
    log:
        "logs/analytics_choose_k-{row}.log",
    benchmark:
        "logs/benchmarks/analytics_choose_k-{row}.tsv"
    params:
        axes=over(row="analytics.corpora"),
        code=code("studies.analytics.choose_k"),
        k=section("analytics.lda.k"),
        sweep=section("analytics.lda.sweep"),
        files=lambda wildcards, input: options(coherences=input.coherences),
    message:
        "Choosing the number of topics of {wildcards.row}"
    shell:
        "crisisflow analytics choose_k {params.files} --corpus {wildcards.row} --k {params.k} --sweep {params.sweep:q}"
        " --out {output.chosen} --table {output.table} 2>&1 | tee {log} >&2"


rule analytics_labels:
    input:
        models=expand(
            rules.analytics_lda.output.model,
            k=PARAMS["analytics"]["lda"]["sweep"],
            seed=PARAMS["analytics"]["lda"]["seeds"],
            allow_missing=True,
        ),
        chosen=rules.analytics_choose_k.output.chosen,
        terms=rules.analytics_terms.output.terms,
        documents=rules.analytics_terms.output.documents,
        manifest=rules.analytics_posts.output.manifest,
    output:
        f"{ANALYTICS_CORPUS}/labels.parquet",
    log:
        "logs/analytics_labels-{row}.log",
    benchmark:
        "logs/benchmarks/analytics_labels-{row}.tsv"
    params:
        axes=over(row="analytics.corpora"),
        code=code("studies.analytics.labels"),
        stop_words=section("analytics.normalise.stop_words"),
        labels=section("analytics.labels"),
        files=lambda wildcards, input: options(models=input.models),
    message:
        "Naming the topics of {wildcards.row}"
    shell:
        "crisisflow analytics labels {params.files} --chosen {input.chosen} --terms {input.terms}"
        " --documents {input.documents} --corpus {wildcards.row} --manifest {input.manifest}"
        " --stop-words {params.stop_words} --params {params.labels:q} --out {output} 2>&1 | tee {log} >&2"
