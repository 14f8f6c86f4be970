from crisisflow.studies.difficult_negatives.joint_rows import asked, compared, wanted

# Rows of the leading study with mined negatives, and the rows that they are compared with, with each seed.
JOINT_RUNS = {
    "row": asked(PARAMS["humaid_ner"]["rows"]),
    "seed": list(map(str, PARAMS["humaid_ner"]["seeds"])),
}


rule negatives_for_rows:
    input:
        tweets=rules.subset.output.tweets,
        positives=rules.negatives_collection.output.positives,
        pool=rules.negatives_pool.output.tweets,
        mined=rules.negatives_mine_bands.output.mined,
        embeddings=rules.negatives_mine_bands.output.embeddings,
    output:
        negatives="data/difficult_negatives/for_rows.parquet",
        ordinary="data/difficult_negatives/ordinary.parquet",
        style="results/difficult_negatives/row_style.json",
    log:
        "logs/negatives_for_rows.log",
    benchmark:
        "logs/benchmarks/negatives_for_rows.tsv"
    params:
        code=code("studies.difficult_negatives.for_rows"),
        mining=section("difficult_negatives.mining"),
        ordinary=section("difficult_negatives.joint.ordinary"),
        wanted=follows(wanted, "humaid_ner.rows"),
    message:
        "Finding the negatives that rows of the leading study want"
    shell:
        "crisisflow difficult_negatives for_rows --tweets {input.tweets} --positives {input.positives} --pool {input.pool} --mined {input.mined}"
        " --embeddings {input.embeddings} --params {params.mining:q} --wanted {params.wanted:q}"
        " --ordinary {params.ordinary} --out {output.negatives} --ordinary-out {output.ordinary} --style-out {output.style} 2>&1 | tee {log} >&2"


rule negatives_joint:
    input:
        ordinary=rules.negatives_for_rows.output.ordinary,
        weights=expand(rules.train.output.model, **JOINT_RUNS),
        configs=expand(rules.train.output.config, **JOINT_RUNS),
        predictions=expand(rules.train.output.predictions, **JOINT_RUNS),
    output:
        "results/difficult_negatives/joint.json",
    log:
        "logs/negatives_joint.log",
    benchmark:
        "logs/benchmarks/negatives_joint.tsv"
    params:
        code=code("studies.difficult_negatives.joint"),
        pairs=follows(compared, "humaid_ner.rows"),
        # To DVC the files of all rows are one folder: which of them are read stands here.
        seeds=section("humaid_ner.seeds"),
        files=lambda wildcards, input: options(
            weights=input.weights,
            configs=input.configs,
            predictions=input.predictions,
        ),
        inputs=inputs_by_params(bool(JOINT_RUNS["row"])),
    message:
        "Scoring rows of the leading study with and without negatives"
    shell:
        "crisisflow difficult_negatives joint --pairs {params.pairs:q} --ordinary {input.ordinary} {params.files}"
        " --out {output} 2>&1 | tee {log} >&2"
