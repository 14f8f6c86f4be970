"""Where the report shows each table and figure. The rules `gnom_tables` and `gnom_figures` read their names.

Snakemake reads this module each time that it starts, so it imports nothing.
"""

# By section, in the order of display. What has a folder is of that rule; the rest, the report makes of other artifacts.
SECTIONS = {
    "opening": ["figures/gains"],
    "controls": ["tables/controls", "tables/rows"],
    "paper": [
        *(f"tables/table{number}" for number in range(4, 12)),
        "figures/curves",
    ],
    "claims": ["tables/claims", "tables/questions"],
    "leaks": ["tables/leaks"],
    "graphs": ["tables/graphs", "tables/trained_graphs", "tables/unlabelled", "tables/less_unlabelled"],
    "words": ["figures/figure2", "tables/translations", "tables/table12"],
    "attention": ["figures/figure3", "tables/deletion"],
    "data": ["tables/table1", "tables/table2", "tables/table3", "tables/sets"],
    "size": ["tables/cost"],
    "ledger": ["ledger"],
}
