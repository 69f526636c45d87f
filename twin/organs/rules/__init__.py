"""The lines of the guidelines: rows of `rules.csv` that one value can pass, for whom coded data can tell.

One file a subject; organs list them. Which rows are no such line, and why, stands in `no_line.csv`.
"""
