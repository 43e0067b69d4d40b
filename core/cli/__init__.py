"""The command line's output: tables to read, progress and messages.

In: results of `core.library`. Out: lines of text.

May import: everything in `core` except `core.training`.
"""
