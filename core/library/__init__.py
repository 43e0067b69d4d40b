"""Libraries: analyse every song in folders, on one machine or on many, into one table.

In: folders, a model, worker processes of `core.engine`. Out: a Parquet table of songs, a table of
failures, and files for each song.

May import: every package of `core` except `core.training` and `core.cli`.
"""
