rule bio:
    message:
        "Aligning spans with the subwords of row {wildcards.row}"
    input:
        code=sources("alignment.bio"),
        tweets=rules.subset.output.tweets,
        resolved=rules.resolve.output.spans,
    output:
        tweets="data/aligned/{row}.parquet",
        statistics="data/aligned/{row}.json",
    params:
        encoder=section("rows.{row}.encoder"),
        alignment=section("alignment"),
    log:
        "logs/bio-{row}.log",
    benchmark:
        "logs/benchmarks/bio-{row}.tsv"
    shell:
        "crisisflow bio --tweets {input.tweets} --resolved {input.resolved} --encoder {params.encoder:q}"
        " --params {params.alignment:q} --out {output.tweets} --statistics {output.statistics} 2>&1 | tee {log}"
