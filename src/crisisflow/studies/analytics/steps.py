"""The steps of the study, each with its function and one line of help. The rule of a step is analytics_<step>."""

TITLE = "Analytics: topics, their labels, clusters and classes of posts about a crisis."

_HERE = "crisisflow.studies.analytics"
STEPS = {
    "posts": (f"{_HERE}.posts:run", "Read a corpus to one table of posts."),
    "normalise": (f"{_HERE}.normalise:run", "Normalise the words of the posts, step by step."),
    "terms": (f"{_HERE}.terms:run", "Weigh the terms of the posts."),
    "lda": (f"{_HERE}.lda:run", "Train a topic model."),
    "coherence": (f"{_HERE}.coherence:run", "Score the topics of a model."),
    "choose_k": (f"{_HERE}.choose_k:run", "Choose the number of topics."),
    "embed": (f"{_HERE}.embed:run", "Embed the posts."),
    "clusters": (f"{_HERE}.clusters:run", "Cluster the posts by one method with one seed."),
    "labels": (f"{_HERE}.labels:run", "Name the topics, by three methods."),
    "cluster_scores": (f"{_HERE}.cluster_scores:run", "Score the clusters against classes and groups."),
    "label_scores": (f"{_HERE}.label_scores:run", "Score the labels: identification and prediction."),
    "classify": (f"{_HERE}.classify:run", "Train a row of Table 5 on a test with a seed."),
    "classify_scores": (f"{_HERE}.classify_scores:run", "Score all rows of Table 5."),
    "topic_ablation": (f"{_HERE}.topic_ablation:run", "Switch one step of normalisation."),
    "headline": (f"{_HERE}.headline:run", "Put the paper's number beside ours in one line."),
    "tables": (f"{_HERE}.tables:run", "Make the tables: the paper beside this run."),
    "figures": (f"{_HERE}.figures:run", "Draw the figures, with their numbers."),
    "report": (f"{_HERE}.report:run", "Write the HTML report."),
}
