rule quality:
    input:
        lexicons=lexicons("spacy") + lexicons("ruler") + lexicons("regex"),
        repaired=rules.repair.output.tweets,
        generated=rules.fetch.output.gold,
        reference=["data/reference/tweets.csv", "data/reference/spans.csv"],
    output:
        scores="results/quality/scores.csv",
        patterns="results/quality/patterns.csv",
        errors="results/quality/errors.parquet",
        metrics="results/quality.json",
    log:
        "logs/quality.log",
    benchmark:
        "logs/benchmarks/quality.tsv"
    threads: 8
    params:
        code=code("annotation.quality"),
        annotation=section("annotation"),
        folder=lambda wildcards, input: Path(input.reference[0]).parent,
    message:
        "Scoring the annotation against gold spans"
    shell:
        "crisisflow quality --repaired {input.repaired} --generated {input.generated} --reference {params.folder}"
        " --params {params.annotation:q} --processes {threads} --scores {output.scores} --patterns {output.patterns}"
        " --errors {output.errors} --metrics {output.metrics} 2>&1 | tee {log} >&2"
