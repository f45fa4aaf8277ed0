"""Measuring subnets: BN calibration, accuracy on a named split, costs on the network itself; needs torch."""
