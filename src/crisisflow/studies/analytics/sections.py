"""Where the report shows each table and figure. The rules `analytics_tables` and `analytics_figures` read their names.

Snakemake reads this module each time that it starts, so it imports nothing.
"""

# By section, in the order of display. What has a folder is of that rule; the rest, the report makes of other artifacts.
SECTIONS = {
    "opening": ["tables/reproduction"],
    "topics": ["tables/table1", "figures/k", "tables/k", "figures/over_time"],
    "labels": ["tables/table2", "tables/table3", "tables/labels", "tables/prediction", "figures/figure4"],
    "clusters": ["tables/clusters", "tables/cluster_differences", "figures/figure5"],
    "classes": ["tables/table4", "tables/table5", "tables/class_scores", "tables/row_differences"],
    "normalisation": ["tables/normalisation", "tables/ablation"],
    "ledger": ["ledger"],
}
