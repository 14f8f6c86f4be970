"""The study gnom: graph-enhanced classification across events and languages (companion study 5, GNoM).

A *setting* is a source set, a target set and an encoder. A *run* is a row, a setting, a share of the source's training
part and a seed. There are three groups of rows: `rows` (with a word graph), `plain_rows` (an encoder and a classifier:
TR, CLS) and `others` (no fine-tuned encoder). A training of a plain row is scored on all settings of its source and
encoder. What the steps leave, with the names of their rules:

gnom_generated   data/gnom/generated/<set>.parquet, .json      corpus.sources.posts.POSTS and a manifest
gnom_read_set    data/gnom/sets/<set>.parquet, .json           formats.TWEETS and what was read, dropped and split
gnom_overlap     data/gnom/overlaps/<setting>.parquet, .json   formats.OVERLAP and counts of near duplicates
gnom_readings    data/gnom/readings/<setting>.json             the graph by each normalisation and window, whole share
gnom_graph       data/gnom/graphs/<setting>/share<p>-seed<k>/<graph>/{nodes,edges}.parquet, statistics.json
gnom_train_row       results/gnom/rows/<row>/<setting>/share<p>-seed<k>/
gnom_train_row_plain results/gnom/plain_rows/<row>/<training>/share<p>-seed<k>/
                 {predictions.parquet, training.json, history.csv, words.parquet, attention.json, config.json,
                 model.safetensors}
gnom_others       results/gnom/others/<setting>/share<p>-seed<k>/<row>/{predictions.parquet, training.json}
"""

STUDY = "gnom"
