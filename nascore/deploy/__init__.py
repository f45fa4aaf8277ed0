"""Bundles for deployment: a subnet as ONNX models in float and int8, checked, with a card; needs the extra `onnx`."""
