"""The short form of the compliance kit: each case once. In full: `arb compliance run bitget`."""

from arb_compliance.plugin import ComplianceSuite

compliance = ComplianceSuite("bitget")
