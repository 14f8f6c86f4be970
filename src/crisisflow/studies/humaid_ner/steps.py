"""The steps of the study, each with its function and one line of help."""

TITLE = "HUMAID-NER: joint NER and classification of disaster tweets."

_HERE = "crisisflow.studies.humaid_ner"
STEPS = {
    "bio": (f"{_HERE}.bio:run", "Align the resolved spans with a row's subwords."),
    "train": (f"{_HERE}.train:run", "Train one ablation row with one seed."),
    "evaluate": (f"{_HERE}.evaluate:run", "Score one row and seed on the validation split."),
    "floor": (f"{_HERE}.floor:run", "Train and score a linear SVM, the floor."),
    "bootstrap": (f"{_HERE}.bootstrap:run", "Compare the rows on resampled tweets."),
    "hold_out": (f"{_HERE}.hold_out:run", "Leave an event out of the aligned tweets."),
    "predict_event": (f"{_HERE}.predict_event:run", "Predict an event by a row trained without it."),
    "learning_curve": (f"{_HERE}.learning_curve:run", "Score the rows by number of training tweets."),
    "leave_one_event_out": (
        f"{_HERE}.leave_one_event_out:run",
        "Score the rows on events that they have not seen.",
    ),
    "against_gold": (f"{_HERE}.against_gold:run", "Score the rows and the rules against gold spans."),
    "confident_errors": (f"{_HERE}.confident_errors:run", "Find where the chosen row is most confident and wrong."),
    "tables": (f"{_HERE}.tables:run", "Make the paper's tables, and further ones."),
    "headline": (f"{_HERE}.headline:run", "Put the paper's number beside ours in one line."),
    "figures": (f"{_HERE}.figures:run", "Draw the figures, with their numbers."),
    "report": (f"{_HERE}.report:run", "Write the HTML report."),
    "cards": (f"{_HERE}.cards:run", "Write the model card and the dataset card."),
}
