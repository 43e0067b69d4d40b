"""Training data: readers of GTZAN, splits into training, validation and test set, and features.

In: folders of recordings, archives of spectrograms, tables of features. Out:
`core.data.gtzan.TrackSet`, `core.data.splits.Split` and arrays of segments.

May import: `core.features` and what that may import.
"""
