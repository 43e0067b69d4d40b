"""The command line's output: files for each song, tables and progress.

In: `core.analysis.Analysis`, `core.explanation.explain.Explanation`. Out: files and lines of text.

May import: everything in `core` except `core.training`.
"""
