"""Where the report shows each table and figure. The rules `negatives_tables` and `negatives_figures` read their names.

Snakemake reads this module each time that it starts, so it imports nothing.
"""

# By section, in the order of display. What has a folder is of that rule; the rest, the report makes of other artifacts.
SECTIONS = {
    "opening": ["figures/growth"],
    "taggers": [
        "tables/table4",
        "tables/choices",
        "tables/differences",
        "tables/table5",
        "tables/table6",
        "figures/figure10",
    ],
    "apart": ["tables/decomposition", "tables/surest"],
    "gold": ["tables/gold"],
    "gate": ["tables/gate_alone", "tables/gate"],
    "joint": ["tables/joint", "tables/joint_differences", "tables/joint_style"],
    "claims": ["tables/claims"],
    "data": ["tables/positives", "tables/urban", "tables/pool", "tables/style"],
    "mining": [
        "figures/figure6",
        "figures/figure4",
        "figures/figure5",
        "tables/fit",
        "tables/bands",
        "tables/examined",
    ],
    "datasets": ["tables/table2"],
    "ledger": ["ledger"],
}
