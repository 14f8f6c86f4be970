# Where a row has negatives, a study that mines them makes the table of which they are taken.
NEGATIVES_OF_ROWS = [
    row["negatives"]
    for row in PARAMS["humaid_ner"]["rows"].values()
    if row["negatives"]
]


rule bio:
    input:
        tweets=rules.subset.output.tweets,
        resolved=rules.resolve.output.spans,
        mined=["data/difficult_negatives/for_rows.parquet"] if NEGATIVES_OF_ROWS else [],
    output:
        tweets="data/humaid_ner/aligned/{row}.parquet",
        negatives="data/humaid_ner/negatives/{row}.parquet",
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
        negatives=option("negatives", "humaid_ner.rows.{row}.negatives"),
        mined=lambda wildcards, input: options(mined=input.mined),
        inputs=inputs_by_params(bool(NEGATIVES_OF_ROWS)),
    message:
        "Aligning spans with the subwords of row {wildcards.row}"
    shell:
        "crisisflow humaid_ner bio --tweets {input.tweets} --resolved {input.resolved} --encoder={params.encoder:q}"
        " --params {params.alignment:q} --out {output.tweets} --statistics {output.statistics}"
        " --negatives-out {output.negatives} {params.negatives} {params.mined} 2>&1 | tee {log} >&2"
