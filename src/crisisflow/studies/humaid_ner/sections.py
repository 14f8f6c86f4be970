"""Where the report shows each table and figure. The rules `tables` and `figures` read their names here.

Snakemake reads this module each time that it starts, so it imports nothing.
"""

# By section, in the order of display. What has a folder is of that rule; the rest, the report makes of other artifacts.
SECTIONS = {
    "opening": ["figures/figure4"],
    "comparison": ["tables/comparison", "tables/settings"],
    "dataset": ["tables/table1", "classes", "tables/table2", "sources", "stages", "quality"],
    "ablation": ["tables/table3", "tables/differences", "tables/table5"],
    "types": ["figures/types", "tables/scores"],
    "dynamics": ["figures/figure5", "figures/figure6", "figures/figure7", "figures/gradients"],
    "generalisation": ["figures/learning_curve", "figures/leave_one_event_out", "tables/against_gold"],
    "errors": ["tables/calibration", "figures/reliability", "figures/confusion", "kinds_of_errors", "errors"],
    "test": ["openings"],
    "ledger": ["ledger"],
}
