"""What is a model for, on whom was it fitted, how well does it do, and where not? Generated from the run itself.

`build.build` makes the card (a dict that goes into the model file), `markdown` and `html` show it to people.
"""
