"""What `pytest --pyargs arb_compliance --arb-exchange mexc` collects."""

from arb_compliance.plugin import InstalledSuites

compliance = InstalledSuites()
