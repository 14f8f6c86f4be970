"""The steps of the study, each with its function and one line of help. The rule of a step is help_<step>."""

TITLE = "Actionable help: requests and offers of help, and mini models."

_HERE = "crisisflow.studies.actionable_help"
STEPS = {
    "mini_corpus": (f"{_HERE}.mini_corpus:run", "Collect the texts that the mini models learn from."),
    "vocabulary": (f"{_HERE}.vocabulary:run", "Learn the subwords of the mini models."),
    "teach": (f"{_HERE}.teach:run", "Embed the mini models' texts by their teacher."),
    "task_teacher": (f"{_HERE}.task_teacher:run", "Ask the best classifier of the built task about its texts."),
    "distil_task": (f"{_HERE}.distil_task:run", "Distil the built task into a mini from its best classifier."),
    "joint_teacher": (f"{_HERE}.joint_teacher:run", "Ask a trained row of the leading study about tweets."),
    "distil_joint": (f"{_HERE}.distil_joint:run", "Distil that row into a joint model on a mini."),
    "score_joint": (f"{_HERE}.score_joint:run", "Put the joint minis beside their teacher."),
    "distil": (f"{_HERE}.distil:run", "Distil a mini model from its teacher's embeddings."),
    "generated": (f"{_HERE}.generated:run", "Generate tweets whose labels are known."),
    "read_set": (f"{_HERE}.read_set:run", "Read a public set, or a table of one's own."),
    "pool": (f"{_HERE}.pool:run", "Collect the tweets to be labelled."),
    "label": (f"{_HERE}.label:run", "Label the pool by one labeller."),
    "agree": (f"{_HERE}.agree:run", "Keep the labels on which the labellers agree."),
    "sheet": (f"{_HERE}.sheet:run", "Draw the tweets that people label."),
    "score_labels": (f"{_HERE}.score_labels:run", "Score the labellers against people's labels."),
    "mentions": (f"{_HERE}.mentions:run", "Find the places that tweets name."),
    "find_resources": (f"{_HERE}.find_resources:run", "Find the resources that tweets name, in two ways."),
    "classify": (f"{_HERE}.classify:run", "Label all tweets of the pool by the best row."),
    "ratios": (f"{_HERE}.ratios:run", "Count requests and offers by place, month and resource."),
    "match": (f"{_HERE}.match:run", "Find the offers that fit each request."),
    "task": (f"{_HERE}.task:run", "Split the labelled texts of a task."),
    "encoder": (f"{_HERE}.encoder:run", "Put what a row begins with into one file."),
    "finetune": (f"{_HERE}.finetune:run", "Fine-tune a row on a task with one seed."),
    "other": (f"{_HERE}.other:run", "Train a row that is no fine-tuned encoder."),
    "score": (f"{_HERE}.score:run", "Score all rows on all tasks, and compare them."),
    "unseen_event": (f"{_HERE}.unseen_event:run", "Train without one event, and draw its tweets for people."),
    "headline": (f"{_HERE}.headline:run", "Put the paper's number beside ours in one line."),
    "tables": (f"{_HERE}.tables:run", "Make the tables: the paper beside this run."),
    "figures": (f"{_HERE}.figures:run", "Draw the figures, with their numbers."),
    "report": (f"{_HERE}.report:run", "Write the HTML report."),
}
