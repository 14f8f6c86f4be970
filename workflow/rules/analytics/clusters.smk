# The posts of a corpus in groups, by each method with each seed.
rule analytics_embed:
    input:
        posts=rules.analytics_posts.output.posts,
        documents=rules.analytics_terms.output.documents,
    output:
        "data/analytics/corpora/{row}/embedded.parquet",
    log:
        "logs/analytics_embed-{row}.log",
    benchmark:
        "logs/benchmarks/analytics_embed-{row}.tsv"
    params:
        axes=over(row="analytics.corpora"),
        code=code("studies.analytics.embed"),
        encoder=section("analytics.clusters.encoder"),
        max_length=section("analytics.clusters.max_length"),
    message:
        "Embedding the posts of {wildcards.row}"
    shell:
        "crisisflow analytics embed --posts {input.posts} --documents {input.documents} --corpus {wildcards.row}"
        " --encoder {params.encoder:q} --max-length {params.max_length} --out {output} 2>&1 | tee {log} >&2"


rule analytics_clusters:
    input:
        posts=rules.analytics_posts.output.posts,
        terms=rules.analytics_terms.output.terms,
        documents=rules.analytics_terms.output.documents,
        models=expand(
            rules.analytics_lda.output.model,
            k=PARAMS["analytics"]["lda"]["sweep"],
            allow_missing=True,
        ),
        embedded=rules.analytics_embed.output[0],
    output:
        "data/analytics/clusters/{row}/{method}-seed{seed}.parquet",
    log:
        "logs/analytics_clusters-{row}-{method}-{seed}.log",
    benchmark:
        "logs/benchmarks/analytics_clusters-{row}-{method}-{seed}.tsv"
    params:
        axes=over(
            row="analytics.corpora",
            method="analytics.clusters.methods",
            seed="analytics.clusters.seeds",
        ),
        code=code("studies.analytics.clusters"),
        k=section("analytics.corpora.{row}.k"),
        clusters=section("analytics.clusters"),
        files=lambda wildcards, input: options(models=input.models),
    message:
        "Clustering the posts of {wildcards.row} by {wildcards.method} with seed {wildcards.seed}"
    shell:
        "crisisflow analytics clusters --posts {input.posts} --terms {input.terms} --documents {input.documents}"
        " {params.files} --embedded {input.embedded} --corpus {wildcards.row} --method {wildcards.method} --k {params.k}"
        " --seed {wildcards.seed} --params {params.clusters:q} --out {output} 2>&1 | tee {log} >&2"
