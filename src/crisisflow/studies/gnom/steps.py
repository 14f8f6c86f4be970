"""The steps of the study, each with its function and one line of help. The rule of a step is gnom_<step>."""

TITLE = "GNoM: a word graph under an encoder, across events and languages."

_HERE = "crisisflow.studies.gnom"
STEPS = {
    "generated": (f"{_HERE}.generated:run", "Generate tweets of three languages, and the control of the graph."),
    "read_set": (f"{_HERE}.read_set:run", "Read a set, with the classes of the study, and split it."),
    "overlap": (f"{_HERE}.overlap:run", "Find the test tweets that have a near duplicate in training."),
    "readings": (f"{_HERE}.readings:run", "Count nodes and edges of the word graph by each reading of the paper."),
    "graph": (f"{_HERE}.graph:run", "Make the word graphs of a setting."),
    "train_row": (f"{_HERE}.train_row:run", "Train a row on a setting, a share of the labels and a seed."),
    "others": (f"{_HERE}.others:run", "Answer without training an encoder."),
    "score": (f"{_HERE}.score:run", "Score all rows, each against the encoder alone, the floor and GNoM."),
    "headline": (f"{_HERE}.headline:run", "Put the paper's number beside ours in one line."),
    "tables": (f"{_HERE}.tables:run", "Make the tables: the paper beside this run."),
    "figures": (f"{_HERE}.figures:run", "Draw the figures, with their numbers."),
    "report": (f"{_HERE}.report:run", "Write the HTML report."),
}
