"""Versions of data and results with DVC: snapshots of finished runs, and runs that DVC has put back in place.

No job calls DVC. `nascore snapshot` does so once, after a run, and before the workflow plans its jobs it accepts what
`dvc pull` or `dvc checkout` has put in place.
"""
