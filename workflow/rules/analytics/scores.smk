# How good clusters and labels are, and what each step of normalisation changes.
rule analytics_cluster_scores:
    input:
        posts=rules.analytics_posts.output.posts,
        embedded=rules.analytics_embed.output[0],
        clusters=expand(
            rules.analytics_clusters.output[0],
            method=PARAMS["analytics"]["clusters"]["methods"],
            seed=PARAMS["analytics"]["clusters"]["seeds"],
            allow_missing=True,
        ),
    output:
        "data/analytics/cluster_scores/{row}.json",
    log:
        "logs/analytics_cluster_scores-{row}.log",
    benchmark:
        "logs/benchmarks/analytics_cluster_scores-{row}.tsv"
    params:
        axes=over(row="analytics.corpora"),
        code=code("studies.analytics.cluster_scores"),
        k=section("analytics.corpora.{row}.k"),
        # To DVC the files of all methods and seeds are one folder: which of them are read stands here.
        methods=section("analytics.clusters.methods"),
        seeds=section("analytics.clusters.seeds"),
        resamples=section("analytics.scores.resamples"),
        files=lambda wildcards, input: options(clusters=input.clusters),
    message:
        "Scoring the clusters of {wildcards.row}"
    shell:
        "crisisflow analytics cluster_scores --posts {input.posts} {params.files} --embedded {input.embedded}"
        " --corpus {wildcards.row} --k {params.k} --resamples {params.resamples} --out {output} 2>&1 | tee {log} >&2"


rule analytics_label_scores:
    input:
        posts=rules.analytics_posts.output.posts,
        manifest=rules.analytics_posts.output.manifest,
        models=rules.analytics_labels.input.models,
        chosen=rules.analytics_choose_k.output.chosen,
        terms=rules.analytics_terms.output.terms,
        documents=rules.analytics_terms.output.documents,
        topic_labels=rules.analytics_labels.output[0],
        paper="src/crisisflow/studies/analytics/paper/table4_labelled.csv",
    output:
        "data/analytics/label_scores/{row}.json",
    log:
        "logs/analytics_label_scores-{row}.log",
    benchmark:
        "logs/benchmarks/analytics_label_scores-{row}.tsv"
    params:
        axes=over(row="analytics.corpora"),
        code=code("studies.analytics.label_scores"),
        stop_words=section("analytics.normalise.stop_words"),
        labels=section("analytics.labels"),
        encoder=section("analytics.clusters.encoder"),
        max_length=section("analytics.clusters.max_length"),
        resamples=section("analytics.scores.resamples"),
        files=lambda wildcards, input: options(models=input.models),
    message:
        "Scoring the labels of {wildcards.row}"
    shell:
        "crisisflow analytics label_scores --posts {input.posts} {params.files} --chosen {input.chosen}"
        " --terms {input.terms} --documents {input.documents} --topic-labels {input.topic_labels}"
        " --manifest {input.manifest} --corpus {wildcards.row} --stop-words {params.stop_words}"
        " --params {params.labels:q} --encoder {params.encoder:q} --max-length {params.max_length}"
        " --number {params.resamples} --out {output} 2>&1 | tee {log} >&2"


rule analytics_topic_ablation:
    input:
        slang=rules.analytics_normalise.input.slang,
        wordnet=rules.analytics_normalise.input.wordnet,
        lexicons=rules.analytics_normalise.input.lexicons,
        posts=rules.analytics_posts.output.posts,
        manifest=rules.analytics_posts.output.manifest,
    output:
        "data/analytics/ablation/{row}/{switch}.json",
    log:
        "logs/analytics_topic_ablation-{row}-{switch}.log",
    benchmark:
        "logs/benchmarks/analytics_topic_ablation-{row}-{switch}.tsv"
    params:
        axes=over(row="analytics.corpora", switch="analytics.ablation.switches"),
        code=code("studies.analytics.topic_ablation"),
        k=section("analytics.corpora.{row}.k"),
        normalise=section("analytics.normalise"),
        terms=section("analytics.terms"),
        lda=section("analytics.lda"),
        clusters=section("analytics.clusters"),
        ablation=section("analytics.ablation"),
    message:
        "Switching {wildcards.switch} in the normalisation of {wildcards.row}"
    shell:
        "crisisflow analytics topic_ablation --posts {input.posts} --manifest {input.manifest}"
        " --corpus {wildcards.row} --switch {wildcards.switch} --k {params.k}"
        " --normalise-params {params.normalise:q} --terms-params {params.terms:q} --lda-params {params.lda:q}"
        " --clusters-params {params.clusters:q} --params {params.ablation:q} --out {output} 2>&1 | tee {log} >&2"
