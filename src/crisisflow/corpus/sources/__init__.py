"""Readers of public sets of crisis posts: a module a publisher, one table of posts a set (docs/public_sets.md)."""
