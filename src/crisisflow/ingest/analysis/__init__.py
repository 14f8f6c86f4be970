"""Analysis: what a model and word lists find in posts, their near-repeats, and the incidents that they tell of."""
