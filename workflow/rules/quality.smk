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
    params:
        code=code("annotation.quality"),
        annotation=section("annotation"),
        folder=lambda wildcards, input: Path(input.reference[0]).parent,
    message:
        "Scoring the annotation against gold spans"
    shell:
        "crisisflow quality --repaired {input.repaired} --generated {input.generated} --reference {params.folder}"
        " --params {params.annotation:q} --scores {output.scores} --patterns {output.patterns}"
        " --errors {output.errors} --metrics {output.metrics} 2>&1 | tee {log} >&2"


rule source_report:
    input:
        # They list the dropped patterns.
        lexicons=lexicons("ruler") + lexicons("regex"),
        tweets=rules.subset.output.tweets,
        stages=[
            rules.spacy_stage.output,
            rules.ruler_stage.output,
            rules.regex_stage.output,
        ],
        resolved=rules.resolve.output.spans,
        conflicts=rules.resolve.output.conflicts,
        quality=rules.quality.output.patterns,
    output:
        report="results/tables/sources.md",
        sources=report(
            "results/tables/sources.csv",
            caption="../report/sources.rst",
            category="Annotation",
        ),
        patterns=report(
            "results/tables/patterns.csv",
            caption="../report/patterns.rst",
            category="Annotation",
        ),
        figure=report(
            "results/figures/sources.svg",
            caption="../report/sources.rst",
            category="Annotation",
        ),
    log:
        "logs/source_report.log",
    benchmark:
        "logs/benchmarks/source_report.tsv"
    params:
        code=code("annotation.source_report"),
        ruler=section("annotation.ruler"),
        regex=section("annotation.regex"),
    message:
        "Reporting what each annotation stage brings"
    shell:
        "crisisflow source_report --tweets {input.tweets} $(printf -- ' --stages %s' {input.stages})"
        " --resolved {input.resolved} --conflicts {input.conflicts} --quality {input.quality}"
        " --ruler {params.ruler:q} --regex {params.regex:q} --sources {output.sources} --report {output.report}"
        " --patterns {output.patterns} --svg {output.figure} 2>&1 | tee {log} >&2"
