"""The report: one self-contained page about a run, made from the files of its other stages and nothing else.

`content` reads the files, `page` writes the page. No search, no predictor and no torch is imported here, so the report
of a finished run can be written again anywhere.
"""
