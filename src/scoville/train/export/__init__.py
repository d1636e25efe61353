"""From a trained model to files that other programs serve, and the proof that they say the same.

forms       a trained model -> GGUF, a GGUF adapter, OpenVINO's form
parity      what each form replied against what the trained model did -> a verdict
reference   the trained model itself, asked with torch
check       a trained model and its form -> what was replied, hop by hop
"""
