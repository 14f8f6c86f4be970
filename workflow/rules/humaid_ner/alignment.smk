rule bio:
    input:
        tweets=rules.subset.output.tweets,
        resolved=rules.resolve.output.spans,
    output:
        tweets="data/humaid_ner/aligned/{row}.parquet",
        statistics=committed("data/humaid_ner/aligned/{row}.json"),
    log:
        "logs/bio-{row}.log",
    benchmark:
        "logs/benchmarks/bio-{row}.tsv"
    params:
        axes=over(row="humaid_ner.rows"),
        code=code("studies.humaid_ner.bio"),
        encoder=section("humaid_ner.rows.{row}.encoder"),
        alignment=section("humaid_ner.alignment"),
    message:
        "Aligning spans with the subwords of row {wildcards.row}"
    shell:
        "crisisflow humaid_ner bio --tweets {input.tweets} --resolved {input.resolved} --encoder={params.encoder:q}"
        " --params {params.alignment:q} --out {output.tweets} --statistics {output.statistics} 2>&1 | tee {log} >&2"
