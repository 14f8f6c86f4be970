"""The tables and JSON files of the study, beside its predictions (predictions.py) and graphs (graph_files.py).

training.json has `runs`, with a mapping for each setting that the training was scored on. Each has the identity of the
run (study, row, setting, share, seed), the Facts of its predictions, and

    training_tweets, validation_tweets, test_tweets, test_tweets_with_neighbour
    best_epoch, epochs  the epoch that was kept, and how many were trained; null of `others`
    parameters          {encoder, embeddings, featurizer, importance, classifier}: numbers; `embeddings` are among those
                        of the encoder; null of `others`
    scores              {validation, test}: {weighted_f1, macro_f1, accuracy}

attention.json of a run whose row has importance, and whose weights are kept, has `texts`, a list of

    {tweet_id, tokens: [...], nodes: [true, ...], importance: [...], predicted: class, probability: p,
     drops: {attended, random, gradient}}

with what `probability` loses when the most attended token is left out, a random one (the mean over all nodes but the
most attended one), or the node with the largest gradient x input; null where the text has fewer than two nodes. The
list is empty for all other runs. Of a target whose texts may not be shown there are `tweet_id` and `drops` alone.

overlaps/<setting>.json: {setting, source, target, test_tweets, with_training_neighbour, equal_to_training,
with_unlabelled_neighbour, with_neighbour, groups_in_both_sets, source_groups, target_groups}. `with_neighbour` are test
tweets with one of either kind. `groups_in_both_sets` are groups of near duplicates over the union of both sets with a
tweet of each; null where both are one set.

sets/<set>.json: {set, reader, terms, files, tweets, languages: {language: n}, dropped: {reason: n}, near_duplicates,
classes: {class: n}, label_sets: {"a+b": n}, splits: {train: n, ...}, test_near_training}. `near_duplicates` are tweets
with one in the set, `test_near_training` test tweets with one in the training part; `classes`, `label_sets`, `splits`
and `test_near_training` are null of unlabelled sets.

readings/<setting>.json: {setting, source, target, encoder, texts, readings: [{window, normalisation, similarity, tau,
nodes, edges, isolated_nodes, components, edges_across_languages}]}, over the whole training part and all unlabelled
texts.

graphs/.../statistics.json: what graph_statistics.statistics gives, and {setting, graph, share, seed, similarity,
training_tweets, unlabelled_tweets, training_left_out, unlabelled_left_out, share_of_nodes: {train, test}}. What is left
out is in a group of near duplicates with a validation or test tweet of the setting.
"""

import pyarrow as pa

# A set, as it is split: in the order of its files. `labels` are classes of the set, by their order; none where it is
# unlabelled, and then `split` is null. `group`: near duplicates within the set.
TWEETS = pa.schema(
    [
        ("tweet_id", pa.string()),
        ("text", pa.string()),
        ("language", pa.string()),
        ("labels", pa.list_(pa.string())),
        ("split", pa.string()),
        ("group", pa.int32()),
    ]
)

# The test tweets of a setting's target: whether the source's training part has a near duplicate, or the very text;
# and whether the unlabelled texts have a near duplicate, of which no graph is made.
OVERLAP = pa.schema(
    [
        ("tweet_id", pa.string()),
        ("training_neighbour", pa.bool_()),
        ("equal", pa.bool_()),
        ("unlabelled_neighbour", pa.bool_()),
    ]
)

# Of a run with a graph: nodes that are words of the glossary, or among the most frequent ones of a language. Vectors
# [d]: the node's row of the encoder's input embedding; h_G before training and of the best epoch.
WORDS = pa.schema(
    [
        ("pieces", pa.list_(pa.int32())),
        ("token", pa.string()),
        ("frequency", pa.int64()),
        ("sets", pa.list_(pa.string())),
        ("embedding", pa.list_(pa.float32())),
        ("before", pa.list_(pa.float32())),
        ("after", pa.list_(pa.float32())),
    ]
)
