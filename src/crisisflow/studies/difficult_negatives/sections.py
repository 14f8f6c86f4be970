"""Where the report shows each table and figure. The rules `negatives_tables` and `negatives_figures` read their names.

Snakemake reads this module each time that it starts, so it imports nothing.
"""

# By section, in the order of display. What has a folder is of that rule; the rest, the report makes of other artifacts.
SECTIONS = {
    "opening": ["figures/figure5"],
    "data": ["tables/positives", "tables/pool", "tables/style"],
    "mining": ["tables/fit", "tables/bands", "tables/examined"],
    "datasets": ["tables/table2"],
    "claims": ["tables/decomposition"],
    "ledger": ["ledger"],
}
