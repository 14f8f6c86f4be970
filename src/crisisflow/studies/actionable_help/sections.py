"""Where the report shows each table. The rule `help_tables` reads their names here.

Snakemake reads this module each time that it starts, so it imports nothing.
"""

# By section, in the order of display. What has a folder is of that rule; the rest, the report makes of other artifacts.
SECTIONS = {
    "labels": ["tables/labelling", "tables/agreement", "tables/cost"],
    "scores": ["tables/table1", "tables/classes", "tables/table3", "tables/differences", "tables/tasks"],
    "minis": ["tables/table2", "tables/table4", "tables/table5", "tables/minis"],
    "claims": ["tables/claims"],
}
