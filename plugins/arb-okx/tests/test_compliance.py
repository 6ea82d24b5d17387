"""The short form of the compliance kit: each case once. In full: `arb compliance run okx`."""

from arb_compliance.plugin import ComplianceSuite

compliance = ComplianceSuite("okx")
