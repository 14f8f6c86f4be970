"""The bond of Snakemake and DVC: dvc.yaml made from the Snakefile, and runs recorded."""
