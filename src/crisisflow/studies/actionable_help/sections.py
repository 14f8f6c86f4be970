"""Where the report shows each table and figure. The rules `help_tables` and `help_figures` read their names here.

Snakemake reads this module each time that it starts, so it imports nothing.
"""

# By section, in the order of display. What has a folder is of that rule; the rest, the report makes of other artifacts.
SECTIONS = {
    "opening": ["figures/scores"],
    "labels": ["tables/labelling", "tables/agreement", "figures/agreement", "tables/cost", "figures/coverage"],
    "scores": [
        "tables/table1",
        "tables/classes",
        "tables/table3",
        "tables/differences",
        "tables/unseen",
        "tables/tasks",
    ],
    "minis": [
        "tables/table2",
        "tables/table4",
        "tables/table5",
        "figures/speed",
        "tables/minis",
        "figures/figure1",
        "figures/probe",
        "tables/joint",
    ],
    "case": ["tables/table6", "tables/table7", "figures/figure2", "figures/figure3", "tables/resources"],
    "claims": ["tables/claims"],
    "ledger": ["ledger"],
}
