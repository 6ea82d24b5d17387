"""What a run leaves as evidence: `document` is the JSON report and what the others are made from.

`junit` is for CI, `matrix` an HTML page of exchanges and cases, `badge` a picture for a README.
"""
