"""Defines what crosses from one stage to another: a record for each JSON file, a schema for each table.

The class that writes a file reads it, and checks it both times. Beside them stand the words and pictures that more than
one stage shows: names of costs, numbers with their units, and drawings of subnets. Import the modules one by one: what
a stage imports is its code, and other code than its own is none of a training's business.
"""
