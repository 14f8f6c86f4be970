"""The steps of the study, each with its function and one line of help. The rule of a step is negatives_<step>."""

TITLE = "Difficult negatives: ordinary tweets that are similar to crisis tweets."

_HERE = "crisisflow.studies.difficult_negatives"
STEPS = {
    "pool": (f"{_HERE}.pool:run", "Collect ordinary tweets in the style of both sides."),
    "urban": (f"{_HERE}.urban:run", "Read crisis tweets of the paper's urban types, with their spans."),
    "collection": (f"{_HERE}.collection:run", "Draw crisis tweets with spans, of known and of unseen events."),
    "gold": (f"{_HERE}.gold:run", "Collect tweets of unseen events with gold spans."),
    "style": (f"{_HERE}.style:run", "Measure how well typography alone tells both sides apart."),
    "mark": (f"{_HERE}.mark:run", "Mark the pool by a first tagger, for the setting model."),
    "mine_bands": (f"{_HERE}.mine_bands:run", "Find the negatives of all settings."),
    "datasets": (f"{_HERE}.datasets:run", "Align the tweets of all settings."),
    "for_rows": (f"{_HERE}.for_rows:run", "Find the negatives that rows of a joint model want."),
    "word_states": (f"{_HERE}.word_states:run", "Compute what a tagger reads of each word."),
    "tag": (f"{_HERE}.tag:run", "Train a tagger on one setting, on all folds."),
    "grid": (f"{_HERE}.grid:run", "Try learning rates and batch sizes on the folds of one setting."),
    "score": (f"{_HERE}.score:run", "Score all taggers on all settings, each against random negatives."),
    "gate": (f"{_HERE}.gate:run", "Compare taggers behind a gate with those that mined negatives trained."),
    "joint": (f"{_HERE}.joint:run", "Score rows of a joint model with and without negatives."),
    "headline": (f"{_HERE}.headline:run", "Put the paper's number beside ours in one line."),
    "tables": (f"{_HERE}.tables:run", "Make the tables: the paper beside this run."),
    "figures": (f"{_HERE}.figures:run", "Draw the figures, with their numbers."),
    "report": (f"{_HERE}.report:run", "Write the HTML report."),
}
